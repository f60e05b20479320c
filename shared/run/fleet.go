package run

import (
	"fmt"
	"strings"
	"time"

	"quickstep/shared/input"
)

// Machine is an EC2 instance as EC2 describes it.
type Machine struct {
	ID string `json:"id"`
	// State is pending, running, shutting-down, terminated, stopping or stopped.
	State     string            `json:"state"`
	VPC       string            `json:"vpc,omitempty"`       // of the primary network interface
	PrivateIP string            `json:"privateIp,omitempty"` // the primary IPv4 address
	IPv6      string            `json:"ipv6,omitempty"`      // one of the primary network interface
	Windows   bool              `json:"windows,omitempty"`
	Tags      map[string]string `json:"tags,omitempty"`
	// Operator is the AWS service that manages the instance (a managed instance of EKS Auto Mode,
	// for example), empty for none.
	Operator string `json:"operator,omitempty"`
	// Interfaces are all of its network interfaces.
	Interfaces []Interface `json:"interfaces,omitempty"`
}

// Host is the address at which the machine is probed: the private IPv4 one, else IPv6. Empty: it
// has neither.
func (m Machine) Host() string {
	if m.PrivateIP != "" {
		return m.PrivateIP
	}
	return m.IPv6
}

// Tags that AWS sets itself, and nobody else can: those that begin with "aws:" are reserved.
const (
	tagAutoScaling = "aws:autoscaling:groupName"
	tagFleet       = "aws:ec2:fleet-id"
	tagSpotFleet   = "aws:ec2spot:fleet-request-id"
	tagEMR         = "aws:elasticmapreduce:job-flow-id"
)

// Fleet is the EC2 Fleet that launched the machine, empty for none.
func (m Machine) Fleet() string { return m.Tags[tagFleet] }

// Replacer is who would launch another machine in place of one that is stopped or unhealthy, empty
// for nobody. maintained are the EC2 Fleets of type maintain: those of the types request and
// instant launch once. A persistent Spot request isn't among them: it asks for another instance
// after an interruption, and a reboot is none.
func (m Machine) Replacer(maintained map[string]bool) string {
	switch {
	case m.Tags[tagAutoScaling] != "":
		return "Auto Scaling group " + m.Tags[tagAutoScaling]
	case maintained[m.Fleet()]:
		return "EC2 Fleet " + m.Fleet() + " (type maintain)"
	case m.Tags[tagSpotFleet] != "":
		return "Spot Fleet " + m.Tags[tagSpotFleet]
	case m.Tags[tagEMR] != "":
		return "EMR cluster " + m.Tags[tagEMR]
	case m.Operator != "":
		return "AWS service " + m.Operator
	}
	return ""
}

// Runs says that the machine runs, or is about to.
func (m Machine) Runs() bool { return m.State == "running" || m.State == "pending" }

// Gone says that the machine won't come back: it is terminated or about to be.
func (m Machine) Gone() bool { return m.State == "terminated" || m.State == "shutting-down" }

// Group is a target group. All groups of a Region come from one paginated call.
type Group struct {
	ARN        string      `json:"arn"`
	Name       string      `json:"name"`
	VPC        string      `json:"vpc,omitempty"`
	TargetType string      `json:"targetType"` // instance, ip, lambda, alb
	Protocol   string      `json:"protocol,omitempty"`
	Health     HealthCheck `json:"health"`
}

// Network says that the group belongs to a Network Load Balancer (or a Gateway Load Balancer),
// which sends new connections for a while after a deregistration.
func (g Group) Network() bool {
	switch g.Protocol {
	case "TCP", "TLS", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC", "GENEVE":
		return true
	}
	return false
}

// HealthCheck is how a target group decides whether a target is healthy.
type HealthCheck struct {
	Protocol string `json:"protocol,omitempty"` // HTTP, HTTPS, TCP, TLS
	Port     string `json:"port,omitempty"`     // a number or "traffic-port"
	Path     string `json:"path,omitempty"`
	Codes    string `json:"codes,omitempty"` // "200", "200,302", "200-299"; gRPC codes are not supported here

	Interval input.Duration `json:"interval,omitempty"` // between two checks of a target
	// Healthy is how many checks in a row must pass until an unhealthy target is healthy.
	Healthy int `json:"healthyThreshold,omitempty"`
}

// HTTP says that the health check is an HTTP request.
func (h HealthCheck) HTTP() bool { return h.Protocol == "HTTP" || h.Protocol == "HTTPS" }

// Address is a target's identity within a target group. The port is part of it: a target that was
// registered with a port must be deregistered with that port.
type Address struct {
	ID   string `json:"id"`
	Port int    `json:"port"`
}

func (a Address) String() string { return fmt.Sprintf("%s:%d", a.ID, a.Port) }

// States and reasons of a target, as DescribeTargetHealth gives them (TargetHealthStateEnum,
// TargetHealthReasonEnum).
const (
	stateInitial  = "initial"
	stateHealthy  = "healthy"
	stateUnused   = "unused"
	stateDraining = "draining"

	reasonNotRegistered  = "Target.NotRegistered"
	reasonDeregistration = "Target.DeregistrationInProgress"
)

// Description is all that a registration of an instance consists of, AWS's TargetDescription: what
// must be given to register it as it was. There is no Availability Zone in it: AWS takes one for ip
// and lambda targets alone.
type Description struct {
	Address
	QUICServerID string `json:"quicServerId,omitempty"` // needed with QUIC and TCP_QUIC, refused elsewhere
}

// Target is a target as DescribeTargetHealth shows it.
type Target struct {
	Address
	// QUICServerID is by what a load balancer finds the target of a QUIC connection.
	QUICServerID string `json:"quicServerId,omitempty"`

	// State is initial, healthy, unhealthy, unhealthy.draining, draining, unused or unavailable.
	State  string `json:"state"`
	Reason string `json:"reason,omitempty"` // such as Target.Timeout
}

// Registered says that the target group counts the target as its own and may send it new traffic
// now or as soon as its health or the load balancer's zones allow. One that is being deregistered,
// or isn't registered, doesn't count; one that is unused for another reason (no listener, zone not
// enabled) does, and so does unhealthy.draining: a Network Load Balancer lets an unhealthy target
// finish its connections, and sends it new ones once it is healthy again.
func (t Target) Registered() bool {
	switch {
	case t.State == stateDraining, t.Reason == reasonDeregistration:
		return false
	case t.State == stateUnused:
		return t.Reason != reasonNotRegistered
	}
	return true
}

// Initial says that the target's first health checks are under way: nobody knows yet whether it is
// healthy.
func (t Target) Initial() bool { return t.State == stateInitial }

// Healthy says that the load balancer sends the target traffic because its health check passes.
func (t Target) Healthy() bool { return t.State == stateHealthy }

// Registration is one (target group, port) in which an instance stood when it was captured.
type Registration struct {
	Group   string `json:"group"` // ARN
	Port    int    `json:"port"`
	Healthy bool   `json:"healthy"` // was healthy when it was captured; only then must it be healthy again (R5)
	// QUICServerID is needed to register it again in a QUIC or TCP_QUIC group.
	QUICServerID string `json:"quicServerId,omitempty"`
}

// Of is the registration of an instance, as AWS takes it.
func (r Registration) Of(instance string) Description {
	return Description{Address{ID: instance, Port: r.Port}, r.QUICServerID}
}

// Place is the target group and the port, and all else that an operator needs to register it by
// hand.
func (r Registration) Place() string {
	place := fmt.Sprintf("target group %s, port %d", ShortARN(r.Group), r.Port)
	if r.QUICServerID != "" {
		place += ", QuicServerId " + r.QUICServerID
	}
	return place
}

// Alarm is a CloudWatch alarm, metric or composite.
type Alarm struct {
	Name  string `json:"name"`
	State string `json:"state"` // OK, ALARM, INSUFFICIENT_DATA
}

// MuteRule is a CloudWatch alarm mute rule: while it is active, its alarms change state and take no
// action.
type MuteRule struct {
	Name   string        `json:"name"`
	Alarms []string      `json:"alarms"` // 100 at most
	From   time.Time     `json:"from"`   // rounded up to the minute, UTC
	For    time.Duration `json:"for"`    // at least a minute
}

// Rule is an EventBridge rule.
type Rule struct {
	Bus     string `json:"bus"`
	Name    string `json:"name"`
	Enabled bool   `json:"enabled"`
}

// BusName is the name of an event bus that is given by its name or its ARN, so that one bus is one
// bus to whoever shares its rules. buses is what the ARNs of the account's and Region's buses begin
// with. The error is a *input.FieldError.
func BusName(bus, buses string) (string, error) {
	if !strings.HasPrefix(bus, "arn:") {
		return bus, nil
	}
	name, ours := strings.CutPrefix(bus, buses)
	if !ours || buses == "" || name == "" {
		return bus, input.Refuse("mute.eventBus", "name a bus whose ARN begins with "+buses,
			"event bus %s is of another account or Region, and its rules can't be disabled from here", bus)
	}
	return name, nil
}

// Vanished says which target groups (ARNs) don't exist any more.
func Vanished(groups []string) string {
	names := make([]string, 0, len(groups))
	for _, arn := range groups {
		names = append(names, ShortARN(arn))
	}
	if len(names) == 1 {
		return "target group " + names[0] + " doesn't exist any more"
	}
	return "target groups " + strings.Join(names, ", ") + " don't exist any more"
}

// ShortARN is the part of an ARN that people read: "targetgroup/web/6d0ecf83" becomes "web".
func ShortARN(arn string) string {
	parts := strings.Split(arn, ":")
	last := parts[len(parts)-1]
	if p := strings.Split(last, "/"); len(p) > 1 {
		return p[1]
	}
	return last
}
