package run_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/input"
	"quickstep/shared/run"
)

// arn is the ARN of a target group.
func arn(name string) string {
	return "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/" + name + "/0123456789abcdef"
}

// serving lists healthy targets on port 80; a state after a colon is another: "a b c:draining".
func serving(targets string) []run.Target {
	var all []run.Target
	for _, word := range strings.Fields(targets) {
		id, state, other := strings.Cut(word, ":")
		if !other {
			state = "healthy"
		}
		all = append(all, run.Target{Address: run.Address{ID: id, Port: 80}, State: state})
	}
	return all
}

// holder is an instance at the gate, of groups of these names.
func holder(id string, groups ...string) *run.Instance {
	i := &run.Instance{ID: id, Run: "r", Position: choreo.Position{Step: run.StepDrain}}
	for _, g := range groups {
		i.Groups = append(i.Groups, arn(g))
	}
	return i
}

// gate is a look of b, between a and c, at two groups of three: each of them keeps two, so one may leave.
func gate() *run.Gate {
	l := &run.Gate{
		Now: now, Run: &run.Run{ID: "r", Opened: now.Add(-time.Hour)}, Plan: &run.Plan{Request: run.Defaults()},
		Me: holder("b", "web"), Machine: &run.Machine{ID: "b", State: "running"},
		Targets: map[string][]run.Target{arn("web"): serving("a b c")},
	}
	l.Plan.Groups = map[string]run.GroupPlan{
		arn("web"): {Name: "web", Size: 3, Floor: 2},
		arn("api"): {Name: "api", Size: 3, Floor: 2},
	}
	l.Holders = []*run.Instance{l.Me}
	return l
}

func muted(l *run.Gate) {
	l.Plan.Request.Mute.AlarmNames = []string{"web-5xx"}
	l.Quiet = run.MuteState{Generation: 1, Since: now.Add(-time.Minute), Until: now.Add(time.Minute)}
}

func TestGate(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*run.Gate)
		answer run.Answer
		reason string // a part of it
	}{
		{"nothing is in the way", func(*run.Gate) {}, run.Go, ""},
		{"the run has stopped", func(l *run.Gate) { l.Run.Stopped = "cancelled by an operator" }, run.Skip, "cancelled by an operator"},
		{"a stop comes before a pause", func(l *run.Gate) { l.Run.Stopped, l.Run.Paused = "cancelled", now }, run.Skip, "cancelled"},
		{"EC2 doesn't know the instance", func(l *run.Gate) { l.Machine = nil }, run.Skip, "doesn't exist any more"},
		{"the instance is stopped", func(l *run.Gate) { l.Machine.State = "stopped" }, run.Skip, "is stopped"},
		{"the instance is being terminated", func(l *run.Gate) { l.Machine.State = "shutting-down" }, run.Skip, "is shutting-down"},
		{"somebody has taken it out", func(l *run.Gate) { l.Targets[arn("web")] = serving("a c") }, run.Skip, "no target group holds the instance"},
		{"somebody is taking it out", func(l *run.Gate) { l.Targets[arn("web")] = serving("a b:draining c") }, run.Skip, "no target group holds the instance"},
		{"it never stood in a group", func(l *run.Gate) { l.Me.Groups, l.Targets = nil, nil }, run.Go, ""},
		{"it stands in a group that isn't locked", func(l *run.Gate) { l.Targets[arn("new")] = serving("b x y z") }, run.Skip, "target group new"},
		{"it stands in one by its address", func(l *run.Gate) {
			*l.Machine = networked()
			l.Me.ID, l.Targets[arn("pods")] = "i-1", serving("10.0.0.99")
			l.Targets[arn("pods")][0].ID = "2001:0db8::1" // the same, written in another way
			l.Targets[arn("web")] = serving("a i-1 c")
		}, run.Skip, "target group pods"},
		{"it stands in one by an address of a delegated prefix", func(l *run.Gate) {
			*l.Machine = networked()
			l.Me.ID, l.Targets[arn("pods")] = "i-1", serving("10.0.0.20")
			l.Targets[arn("web")] = serving("a i-1 c")
		}, run.Skip, "target group pods"},
		{"somebody else's address is there", func(l *run.Gate) {
			*l.Machine = networked()
			l.Me.ID, l.Targets[arn("pods")] = "i-1", serving("10.0.0.99")
			l.Targets[arn("web")] = serving("a i-1 c")
		}, run.Go, ""},
		{"it has left the group whose health check gives the port", func(l *run.Gate) {
			l.Plan.Request.Check.HTTP, l.Machine.PrivateIP = &run.HTTPCheck{}, "10.0.0.1"
		}, run.Skip, "check.http has no port"},
		{"the health check gives the port", func(l *run.Gate) {
			l.Plan.Request.Check.HTTP, l.Machine.PrivateIP = &run.HTTPCheck{}, "10.0.0.1"
			l.Plan.Groups[arn("web")] = run.GroupPlan{Floor: 2, Health: run.HealthCheck{Protocol: "HTTPS"}}
		}, run.Go, ""},
		{"the request gives the port", func(l *run.Gate) {
			l.Plan.Request.Check.HTTP, l.Machine.IPv6 = &run.HTTPCheck{Port: 80}, "2001:db8::1"
		}, run.Go, ""},
		{"it has no address to probe", func(l *run.Gate) { l.Plan.Request.Check.TCP = &run.TCPCheck{Port: 80} },
			run.Skip, "no private address"},
		{"the run is paused", func(l *run.Gate) { l.Run.Paused = now.Add(-time.Hour) }, run.Park, "paused since 2026-01-05T03:00:00Z"},
		{"a paused run's window closes", func(l *run.Gate) { l.Run.Paused, l.Plan.Request.NotAfter = now, now }, run.Skip, "the window closes"},
		{"nothing is muted yet", func(l *run.Gate) { muted(l); l.Quiet = run.MuteState{} }, run.Wait, "aren't muted yet"},
		{"everything is muted", muted, run.Go, ""},
		{"muted before the last resume", func(l *run.Gate) { muted(l); l.Run.Resumed = now.Add(-30 * time.Second) }, run.Wait, "aren't muted yet"},
		{"muted in the moment of the last resume", func(l *run.Gate) { muted(l); l.Run.Resumed = l.Quiet.Since }, run.Wait, "aren't muted yet"},
		{"muted again since the last resume", func(l *run.Gate) { muted(l); l.Run.Resumed = now.Add(-2 * time.Minute) }, run.Go, ""},
		{"the mute ends at this moment", func(l *run.Gate) { muted(l); l.Quiet.Until = now }, run.Wait, "has run out"},
		{"rules alone are muted, without an end", func(l *run.Gate) {
			l.Plan.Request.Mute.RuleNames, l.Quiet = []string{"r"}, run.MuteState{Since: now.Add(-time.Minute)}
		}, run.Go, ""},
		{"a group would fall below its floor", func(l *run.Gate) { l.Targets[arn("web")] = serving("a b c:unhealthy") }, run.Wait, "must keep 2 healthy targets, and has 1 besides"},
		{"an unhealthy instance takes nothing from its group", func(l *run.Gate) { l.Targets[arn("web")] = serving("a b:unhealthy c") }, run.Go, ""},
		{"a floor of none", func(l *run.Gate) {
			l.Plan.Groups[arn("web")], l.Targets[arn("web")] = run.GroupPlan{Name: "web", Size: 1}, serving("b")
		}, run.Go, ""},
		{"both of its ports leave", func(l *run.Gate) {
			l.Targets[arn("web")] = append(serving("a b"), run.Target{Address: run.Address{ID: "b", Port: 81}, State: "healthy"})
		}, run.Wait, "must keep 2 healthy targets, and has 1"},
		{"one group of two refuses", func(l *run.Gate) { l.Targets[arn("api")] = serving("b x y:initial") }, run.Wait, "target group api"},
		{"targets without a verdict yet don't count", func(l *run.Gate) { l.Targets[arn("web")] = serving("a b c:initial d:unavailable") }, run.Wait, "must keep 2 healthy targets, and has 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := gate()
			c.change(l)
			v := l.Decide()
			if v.Answer != c.answer || !strings.Contains(v.Reason, c.reason) ||
				(v.Answer != run.Go) != (v.Reason != "") {
				t.Errorf(
					"the gate says %s, because %q; want %s, because … %q …",
					v.Answer,
					v.Reason,
					c.answer,
					c.reason,
				)
			}
		})
	}
}

// TestWindow: the window closes early by the time that an instance takes.
func TestWindow(t *testing.T) {
	for _, c := range []struct {
		name    string
		longer  time.Duration // than the delay of the groups, a boot and five minutes
		slowest time.Duration
		answer  run.Answer
	}{
		{"just long enough", 0, 0, run.Go},
		{"a second too short", -time.Second, 0, run.Skip},
		{"long enough for the slowest so far", -time.Second, 7 * time.Minute, run.Go},
		{"too short for the slowest so far", 0, 15 * time.Minute, run.Skip},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := gate()
			l.Plan.Groups[arn("web")] = run.GroupPlan{Name: "web", Network: true,
				Delay: input.Duration(time.Minute), Floor: 2}
			l.Plan.Request.NotAfter = now.Add(run.NetworkDelay + time.Minute + 5*time.Minute + c.longer)
			l.Run.Longest.For = input.Duration(c.slowest)
			if v := l.Decide(); v.Answer != c.answer || v.Stop != (c.answer == run.Skip) {
				t.Errorf("the gate says %s, stop %v: %s; want %s", v.Answer, v.Stop, v.Reason, c.answer)
			}
		})
	}
}

func TestFloor(t *testing.T) {
	leaving := func(i *run.Instance) *run.Instance { i.Leaving = now; return i }
	left := func(i *run.Instance) *run.Instance { i.LeftAt = now; i.Step = run.StepCheck; return i }
	back := func(i *run.Instance) *run.Instance { i.BackAt = now; i.Step = run.Done; return left(leaving(i)) }
	refused := func(i *run.Instance, by string) *run.Instance { i.Refused = []string{arn(by)}; return i }
	terminated := func(i *run.Instance) *run.Instance { i.Terminated = true; return i }
	at := func(i *run.Instance, step string) *run.Instance { i.Step = step; return i }
	for _, c := range []struct {
		name          string
		before, after *run.Instance
		out           string
		first, second run.Answer // the look before the mark, and the one after it
	}{
		{"alone", nil, nil, "", run.Go, run.Go},
		{"one before it may be about to leave", holder("a", "web"), nil, "", run.Wait, run.Go},
		{"one after it may be about to leave", nil, holder("c", "web"), "", run.Go, run.Go},
		{"one before it is marked", leaving(holder("a", "web")), nil, "", run.Wait, run.Wait},
		{"one after it is marked", nil, leaving(holder("c", "web")), "", run.Wait, run.Wait},
		{"one before it has left", left(holder("a", "web")), nil, "", run.Wait, run.Wait},
		{"one after it has left", nil, left(holder("c", "web")), "", run.Wait, run.Wait},
		{"one before it is back", back(holder("a", "web")), nil, "", run.Go, run.Go},
		{"one failed out of service, in whatever run", nil, nil, "c", run.Wait, run.Wait},
		{"one failed out of service that stands elsewhere", nil, nil, "x", run.Go, run.Go},
		{"one before it shares no group", holder("a", "api"), nil, "", run.Go, run.Go},
		{"one before it was refused by a group of its own", refused(holder("a", "web", "api"), "api"), nil, "", run.Go, run.Go},
		{"one before it was refused by the shared group", refused(holder("a", "web", "api"), "web"), nil, "", run.Wait, run.Go},
		{"one before it gave up at the gate", at(holder("a", "web"), choreo.Failing), nil, "", run.Go, run.Go},
		{"one before it was terminated on its way", terminated(leaving(left(holder("a", "web")))), nil, "", run.Wait, run.Wait},
	} {
		t.Run(c.name, func(t *testing.T) {
			for marked, want := range map[bool]run.Answer{false: c.first, true: c.second} {
				l := gate()
				l.Holders = slices.DeleteFunc(
					[]*run.Instance{c.before, l.Me, c.after},
					func(i *run.Instance) bool { return i == nil },
				)
				if l.Marked = marked; c.out != "" {
					l.Out = []run.Out{{Instance: c.out, Run: "earlier"}}
				}
				v := l.Decide()
				if v.Answer != want {
					t.Errorf("marked %v: the gate says %s %q, want %s", marked, v.Answer, v.Reason, want)
				}
				if v.Answer == run.Wait && !slices.Equal(v.Refused, []string{arn("web")}) {
					t.Errorf("marked %v: refused by %v", marked, v.Refused)
				}
			}
		})
	}
}
