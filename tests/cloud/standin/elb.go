package standin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"quickstep/shared/run"
)

const elbNamespace = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"

// elb answers the calls of Elastic Load Balancing that are about target groups.
func (s *Server) elb(ctx context.Context, q query) func(http.ResponseWriter) {
	calls := map[string]func(context.Context, query) (any, error){
		"DescribeTargetGroups":          s.describeTargetGroups,
		"DescribeTargetGroupAttributes": s.describeTargetGroupAttributes,
		"DescribeTargetHealth":          s.describeTargetHealth,
		"RegisterTargets":               func(ctx context.Context, q query) (any, error) { return s.move(ctx, q, s.world.Targets().Register) },
		"DeregisterTargets":             func(ctx context.Context, q query) (any, error) { return s.move(ctx, q, s.world.Targets().Deregister) },
	}
	action := q.Get("Action")
	call, ours := calls[action]
	if !ours {
		return nil
	}
	return func(w http.ResponseWriter) {
		out, err := call(ctx, q)
		if err != nil {
			xmlAnswer(w, http.StatusBadRequest, "ErrorResponse", elbNamespace, struct {
				Error     refusal
				RequestID string `xml:"RequestId"`
			}{*elbRefusal(err), requestID})
			return
		}
		xmlAnswer(w, http.StatusOK, action+"Response", elbNamespace, elbResponse{result{action + "Result", out}, requestID})
	}
}

func elbRefusal(err error) *refusal {
	switch {
	case errors.Is(err, run.ErrNoGroup):
		return &refusal{"TargetGroupNotFound", err.Error()}
	case errors.Is(err, run.ErrGone):
		return &refusal{"InvalidTarget", err.Error()}
	}
	return coded(err, "ValidationError")
}

type elbGroup struct {
	ARN            string `xml:"TargetGroupArn"`
	Name           string `xml:"TargetGroupName"`
	Protocol       string `xml:"Protocol"`
	VPC            string `xml:"VpcId"`
	TargetType     string `xml:"TargetType"`
	HealthProtocol string `xml:"HealthCheckProtocol"`
	HealthPort     string `xml:"HealthCheckPort"`
	HealthPath     string `xml:"HealthCheckPath"`
	Codes          string `xml:"Matcher>HttpCode"`
	Interval       int    `xml:"HealthCheckIntervalSeconds"`
	Healthy        int    `xml:"HealthyThresholdCount"`
}

func (s *Server) describeTargetGroups(ctx context.Context, q query) (any, error) {
	all, err := s.world.Targets().Groups(ctx)
	if err != nil {
		return nil, err
	}
	some, next, err := paged(all, q.Get("Marker"))
	if err != nil {
		return nil, err
	}
	out := struct {
		Groups []elbGroup `xml:"TargetGroups>member"`
		Next   string     `xml:"NextMarker,omitempty"`
	}{Next: next}
	for _, g := range some {
		out.Groups = append(out.Groups, elbGroup{g.ARN, g.Name, g.Protocol, g.VPC, g.TargetType, g.Health.Protocol, g.Health.Port, g.Health.Path, g.Health.Codes,
			int(time.Duration(g.Health.Interval).Seconds()), g.Health.Healthy})
	}
	return out, nil
}

func (s *Server) describeTargetGroupAttributes(ctx context.Context, q query) (any, error) {
	delay, err := s.world.Targets().Delay(ctx, q.Get("TargetGroupArn"))
	if err != nil {
		return nil, err
	}
	type attribute struct{ Key, Value string }
	return struct {
		Attributes []attribute `xml:"Attributes>member"`
	}{[]attribute{
		{"stickiness.enabled", "false"},
		{"deregistration_delay.timeout_seconds", strconv.Itoa(int(delay / time.Second))},
	}}, nil
}

type elbTarget struct {
	ID     string `xml:"Target>Id"`
	Port   int    `xml:"Target>Port"`
	State  string `xml:"TargetHealth>State"`
	Reason string `xml:"TargetHealth>Reason,omitempty"`
	QUIC   string `xml:"Target>QuicServerId,omitempty"`
}

func (s *Server) describeTargetHealth(ctx context.Context, q query) (any, error) {
	all, err := s.world.Targets().Targets(ctx, q.Get("TargetGroupArn"))
	if err != nil {
		return nil, err
	}
	var out struct {
		Targets []elbTarget `xml:"TargetHealthDescriptions>member"`
	}
	for _, t := range all {
		out.Targets = append(out.Targets, elbTarget{t.ID, t.Port, t.State, t.Reason, t.QUICServerID})
	}
	return out, nil
}

// move registers or deregisters.
func (s *Server) move(ctx context.Context, q query, do func(context.Context, string, []run.Description) error) (any, error) {
	var targets []run.Description
	for n := 1; q.Has(fmt.Sprintf("Targets.member.%d.Id", n)); n++ {
		port, err := strconv.Atoi(q.Get(fmt.Sprintf("Targets.member.%d.Port", n)))
		if err != nil {
			return nil, refuse("ValidationError", "target %d has no port", n)
		}
		at := run.Address{ID: q.Get(fmt.Sprintf("Targets.member.%d.Id", n)), Port: port}
		targets = append(targets, run.Description{Address: at,
			QUICServerID: q.Get(fmt.Sprintf("Targets.member.%d.QuicServerId", n))})
	}
	return struct{}{}, do(ctx, q.Get("TargetGroupArn"), targets)
}
