package storm

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"quickstep/shared/run"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// otherVPC is that of second network interfaces, foreignVPC one in which the fleet has nothing.
const (
	otherVPC   = "vpc-0fedcba9876543210"
	foreignVPC = "vpc-0aaaaaaaaaaaaaaaa"
)

// drawNetworks gives machines further addresses and network interfaces, adds target groups in which
// somebody registers them by these in mid-run, and makes some groups QUIC ones. It draws from a source of
// its own, so that it changes nothing else of a seed.
func (s *Scenario) drawNetworks() {
	own := *s
	own.chance = rand.New(rand.NewPCG(s.Seed, 11))
	if own.one(4) {
		own.drawQUIC()
	}
	if own.one(3) {
		own.drawAddresses()
		own.drawStrangers()
	}
	if own.one(6) {
		own.drawPortless()
	}
	own.chance = s.chance
	*s = own
}

func (s *Scenario) drawQUIC() {
	n := s.chance.IntN(len(s.Groups))
	s.Groups[n].Protocol = pick(s, "QUIC", "TCP_QUIC")
	s.Groups[n].Health = run.HealthCheck{Protocol: "TCP", Port: "traffic-port"}
}

func (s *Scenario) drawAddresses() {
	prefix := func(format string, n int) netip.Prefix { return netip.MustParsePrefix(fmt.Sprintf(format, n)) }
	for i := range s.Machines {
		m, n := &s.Machines[i], i+1
		m.IP = fmt.Sprintf("10.0.0.%d", n+1)
		if s.one(2) {
			m.IPv6 = fmt.Sprintf("2001:db8::%d", n)
			if s.one(4) {
				m.IP = ""
			}
		}
		if s.one(2) {
			m.More = append(m.More, run.Interface{Addresses: []netip.Prefix{prefix("10.0.101.%d/32", n)}})
		}
		if s.one(3) {
			m.More = append(m.More, run.Interface{Addresses: []netip.Prefix{prefix("10.0.102.%d/28", 16*n)}})
		}
		if s.one(2) {
			m.More = append(m.More, run.Interface{VPC: otherVPC, Addresses: []netip.Prefix{prefix("10.2.0.%d/32", n)}})
		}
	}
}

// drawStrangers adds target groups that aren't the fleet's, and what somebody registers in them.
func (s *Scenario) drawStrangers() {
	for name, vpc := range map[string]string{"pods1": sim.VPC, "pods2": foreignVPC} {
		s.Strangers = append(s.Strangers, world.GroupSpec{ARN: sim.Group(name), Name: name, VPC: vpc, TargetType: "ip",
			Protocol: "TCP", Interval: 10 * time.Second, Attached: true})
	}
	slices.SortFunc(s.Strangers, func(a, b world.GroupSpec) int { return strings.Compare(a.Name, b.Name) })
	s.Strangers = append(s.Strangers, world.GroupSpec{ARN: sim.Group("back"), Name: "back", VPC: otherVPC,
		Interval: 10 * time.Second, Attached: true})
	for range 1 + s.chance.IntN(3) {
		who := s.chance.IntN(len(s.Machines))
		a := Act{Kind: "address", Who: who, At: s.between(0, min(s.Calm, hour)), For: s.between(minute, 2*hour)}
		if s.one(15) {
			a.At = 0 // before the request
		}
		if a.Group, a.Target = s.drawPlace(s.Machines[who]); a.Group != "" {
			s.Acts = append(s.Acts, a)
		}
	}
	switch s.chance.IntN(8) {
	case 0, 1, 2, 3: // in the fleet's own VPC it excludes nothing
		s.Request["notOurs"] = []string{sim.Group("pods1")}
	case 4: // what can't be meant
		s.Request["notOurs"] = []string{s.Groups[0].ARN}
	}
}

// drawPlace chooses a group of others, and by what it would know the machine.
func (s *Scenario) drawPlace(m Machine) (group, target string) {
	var targets []string
	for _, text := range []string{m.IP, m.IPv6} {
		if text != "" {
			targets = append(targets, text)
		}
	}
	if m.IPv6 != "" {
		targets = append(targets, netip.MustParseAddr(m.IPv6).StringExpanded())
	}
	second := false
	for _, i := range m.More {
		second = second || i.VPC != ""
		p := i.Addresses[0]
		if ip := p.Addr(); p.IsSingleIP() {
			targets = append(targets, ip.String())
		} else {
			targets = append(targets, ip.Next().Next().String())
		}
	}
	if second && s.one(4) {
		return sim.Group("back"), m.ID
	}
	target = pick(s, targets...)
	if strings.HasPrefix(target, "10.2.") { // of another VPC than pods1, which notOurs would exclude
		return sim.Group("pods2"), target
	}
	return sim.Group(pick(s, "pods1", "pods2")), target
}

// drawPortless lets the ports that are probed come from the target groups, one of which may have none to
// give, and lets somebody take an instance out of the others.
func (s *Scenario) drawPortless() {
	if last := len(s.Groups) - 1; last > 0 {
		s.Groups[last].Health = run.HealthCheck{Protocol: "TCP", Port: "traffic-port"}
	}
	for _, m := range s.Machines {
		if !slices.ContainsFunc(m.Places, s.probable) {
			return
		}
	}
	s.Request["check"] = map[string]any{"http": map[string]any{"path": "/"}}
	for who := range s.Machines {
		places := slices.Clone(s.Machines[who].Places)
		slices.SortStableFunc(places, func(a, b string) int { // the one that goes stands first
			return cmp.Compare(strconv.FormatBool(s.probable(b)), strconv.FormatBool(s.probable(a)))
		})
		if len(places) > 1 && !s.probable(places[1]) {
			s.Machines[who].Places = places
			s.Acts = append(s.Acts, Act{At: s.between(minute, hour), Kind: "deregister", Who: who})
		}
	}
}

// probable says that a place's group has an HTTP health check.
func (s *Scenario) probable(p string) bool {
	arn, _ := place(p)
	return slices.ContainsFunc(
		s.Groups,
		func(g world.GroupSpec) bool { return g.ARN == arn && g.Health.Protocol == "HTTP" },
	)
}

// whose is the machine that has an address, or the id.
func (s *Scenario) whose(target string) string {
	ip, err := netip.ParseAddr(target)
	for _, m := range s.Machines {
		if m.ID == target {
			return m.ID
		}
		if err != nil {
			continue
		}
		for _, text := range []string{m.IP, m.IPv6} {
			if own, err := netip.ParseAddr(text); err == nil && own == ip {
				return m.ID
			}
		}
		for _, i := range m.More {
			if i.Addresses[0].Contains(ip) {
				return m.ID
			}
		}
	}
	return ""
}

// strange says whether a group isn't the fleet's.
func (s *Scenario) strange(arn string) bool {
	return slices.ContainsFunc(s.Strangers, func(g world.GroupSpec) bool { return g.ARN == arn })
}

// addressed lets somebody register a machine in a group of others, and take it out again.
func (w *faults) addressed(a Act, m Machine) {
	back := a.Group == sim.Group("back")
	if w.fleet.MachineState(m.ID) == "terminated" {
		return
	}
	if back && (w.Second != nil || w.judge.rows["ACTIVE/run-1"].Step != "open") {
		return // a run that begins later would lock it, and it would be the fleet's
	}
	at := run.Address{ID: a.Target, Port: 8080}
	w.fleet.RegisterByHand(a.Group, at)
	w.fleet.After(a.For, func() { w.fleet.DeregisterByHand(a.Group, at) })
}

// networks are the checks of where instances stand, and as what.
type networks struct {
	held    map[string]map[string]time.Time // by instance: since when what group of others has it
	let     map[string]time.Time            // by instance: when one has taken it out
	servers map[string]string               // by target group and address: the QUIC server id
	probes  map[string]int                  // by instance: probes since its reboot was asked for
}

func newNetworks() networks {
	return networks{held: map[string]map[string]time.Time{}, let: map[string]time.Time{}, servers: map[string]string{},
		probes: map[string]int{}}
}

// strangers notes what others register in groups of their own.
func (j *judge) strangers(op world.Op) {
	target := op.Detail[:strings.LastIndex(op.Detail, ":")]
	id := j.whose(target)
	if j.held[id] == nil {
		j.held[id] = map[string]time.Time{}
	}
	where := op.Subject + " " + target
	if op.Name == "Deregister" {
		delete(j.held[id], where)
		j.let[id] = j.fleet.Now()
		return
	}
	j.held[id][where] = j.fleet.Now()
	j.seen["registered by address"]++
}

// since is the latest registration in a group of others, or its end: for a while it may still send
// something, and nobody can see it any more.
func (j *judge) since(id string) (latest time.Time) {
	latest = j.let[id]
	for _, at := range j.held[id] {
		if at.After(latest) {
			latest = at
		}
	}
	return latest
}

// serverIDs notes the QUIC server ids of a group as they were a moment ago.
func (j *judge) serverIDs(arn string, at time.Time) {
	for _, t := range j.fleet.TargetsAt(arn, at) {
		if t.Registered() {
			j.servers[arn+" "+t.Address.String()] = t.QUICServerID
		}
	}
}

// sameServer checks that a target that is back is so with the server id that it had.
func (j *judge) sameServer(arn string, a run.Address) {
	for _, t := range j.fleet.TargetsOf(arn) {
		had := j.servers[arn+" "+a.String()]
		if t.Address == a && t.QUICServerID != had && j.touched[a.ID].IsZero() {
			j.broken("R4", "%s is back in %s with server id %q, and had %q", a, run.ShortARN(arn), t.QUICServerID, had)
		}
		if t.Address == a && had != "" {
			j.seen["back in a QUIC group"]++
		}
	}
}

// takes checks that AWS takes what it is asked to do.
func (j *judge) takes(op world.Op) {
	if op.Err == nil || !strings.Contains(op.Err.Error(), "ValidationError") {
		return
	}
	for _, m := range j.Machines {
		if strings.Contains(op.Detail, m.ID+":") && !j.touched[m.ID].IsZero() {
			return // others may have registered it with another server id meanwhile
		}
	}
	j.broken("R4", "AWS refuses a call as invalid: %v by %s", op.Err, op)
}

// probed checks that probes go to an instance.
func (j *judge) probed(op world.Op) {
	address := strings.TrimPrefix(strings.TrimPrefix(op.Subject, "http://"), "https://")
	address, _, _ = strings.Cut(address, "/")
	host := strings.Trim(address[:strings.LastIndex(address, ":")], "[]")
	id := j.whose(host)
	if id == "" && slices.ContainsFunc(j.Machines, func(m Machine) bool { return m.IP != "" || m.IPv6 != "" }) {
		j.broken("R5", "a probe goes to %q, which is no instance: %s", host, op)
	}
	j.probes[id]++
}

// unprobed says that an instance's run was to probe it, and that nobody has since its reboot.
func (j *judge) unprobed(id string) bool {
	check, _ := j.request(j.run(id))["check"].(map[string]any)
	return (check["http"] != nil || check["tcp"] != nil) && j.probes[id] == 0
}

// stoodInDeleted says that somebody has deleted one of an instance's target groups.
func (j *judge) stoodInDeleted(id string) bool {
	return j.gone != "" && slices.ContainsFunc(j.Machines, func(m Machine) bool {
		return m.ID == id &&
			slices.ContainsFunc(m.Places, func(p string) bool { arn, _ := place(p); return arn == j.gone })
	})
}

// standsFree checks that who leaves service can be rebooted then: no group of others has it, and its check
// has something to probe. It has just left the group from.
func (j *judge) standsFree(id, from string) {
	late := inFlight + j.Lag + j.Old
	partly := !j.touched[id].IsZero() || j.stoodInDeleted(id) // once a part is out, drain ends, and reboot looks
	for where, at := range j.held[id] {
		if j.fleet.Now().Sub(at) > late && !partly {
			j.broken("R3", "%s leaves service, and %s has it since %s", id, where, at.Format("15:04:05"))
		}
	}
	if !portless(j.request(j.run(id))) || j.touched[id].IsZero() || j.fleet.Now().Sub(j.touched[id]) < late {
		return
	}
	if left := j.rows["RUN#"+j.run(id)+"/I#"+id].LeftAt; left.Before(j.touched[id]) {
		return // it was captured before others took out a part: drain ends it
	}
	for _, g := range j.Groups {
		if g.Health.Protocol != "HTTP" {
			continue
		}
		if g.ARN == from {
			return
		}
		for a, registered := range j.stood[g.ARN] {
			if registered && a.ID == id {
				return
			}
		}
	}
	j.broken("R5", "%s leaves service, and nothing could show then that it has started", id)
}

// request is what a run was asked to do.
func (j *judge) request(id string) map[string]any {
	if id == "run-2" {
		return j.Second
	}
	return j.Request
}

func portless(request map[string]any) bool {
	check, _ := request["check"].(map[string]any)
	http, _ := check["http"].(map[string]any)
	return http != nil && http["port"] == nil
}
