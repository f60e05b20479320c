package run_test

import (
	"testing"
	"time"

	"quickstep/shared/input"
	"quickstep/shared/run"
)

func TestDrainDelay(t *testing.T) {
	p := run.Plan{Groups: map[string]run.GroupPlan{
		"short": {Delay: input.Duration(30 * time.Second)}, "long": {Delay: input.Duration(5 * time.Minute)},
		"nlb": {Network: true, Delay: input.Duration(10 * time.Second)}, "slow nlb": {Network: true,
			Delay: input.Duration(10 * time.Minute)},
	}}
	for _, c := range []struct {
		name    string
		capture []string
		want    time.Duration
	}{
		{"it stood nowhere", nil, 0},
		{"one group", []string{"short"}, 30 * time.Second},
		{"the longest of several", []string{"short", "long"}, 5 * time.Minute},
		{"a network load balancer's is two minutes at least", []string{"nlb"}, 2 * time.Minute},
		{"and longer if the group's is", []string{"nlb", "slow nlb"}, 10 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			var capture []run.Registration
			for _, g := range c.capture {
				capture = append(capture, run.Registration{Group: g, Port: 80})
			}
			p.Request.DrainTimeout = 0
			if got := p.DrainDelay(capture); got != c.want {
				t.Errorf("the delay is %s, want %s", got, c.want)
			}
			if got := p.DrainTimeout(capture); got != c.want+2*time.Minute {
				t.Errorf("the timeout is %s, want two minutes more than %s", got, c.want)
			}
			p.Request.DrainTimeout = input.Duration(time.Hour)
			if got := p.DrainTimeout(capture); got != time.Hour {
				t.Errorf("the timeout is %s, want what was asked for", got)
			}
		})
	}
}

func TestOut(t *testing.T) {
	for _, c := range []struct {
		name        string
		i           run.Instance
		out, absent bool
	}{
		{"it waits", run.Instance{}, false, false},
		{"it is marked", run.Instance{Leaving: now}, false, true},
		{"it has left", run.Instance{Leaving: now, LeftAt: now}, true, true},
		{"it has left, its mark lost", run.Instance{LeftAt: now}, true, true},
		{"it is back", run.Instance{Leaving: now, LeftAt: now, BackAt: now}, false, false},
		{"it is terminated, and its target may still be listed", run.Instance{Leaving: now, LeftAt: now, Terminated: true}, false, true},
	} {
		if c.i.Out() != c.out || c.i.Absent() != c.absent {
			t.Errorf("%s: out %v, absent %v; want %v, %v", c.name, c.i.Out(), c.i.Absent(), c.out, c.absent)
		}
	}
}

func TestShares(t *testing.T) {
	before := run.Instance{Groups: []string{"a", "b"}}
	after := run.Instance{
		Groups:  []string{"a", "b"},
		LeftAt:  now,
		Capture: []run.Registration{{Group: "b", Port: 80}, {Group: "c", Port: 80}},
	}
	for _, c := range []struct {
		name   string
		i      *run.Instance
		groups []string
		want   bool
	}{
		{"as found at the start", &before, []string{"x", "b"}, true},
		{"none of them", &before, []string{"c"}, false},
		{"nobody's groups", &before, nil, false},
		{"the capture, once there is one", &after, []string{"c"}, true},
		{"not what was found at the start any more", &after, []string{"a"}, false},
	} {
		if got := c.i.Shares(c.groups); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestTarget(t *testing.T) {
	for _, c := range []struct {
		state, reason       string
		registered, healthy bool
	}{
		{"healthy", "", true, true},
		{"initial", "Elb.RegistrationInProgress", true, false},
		{"unhealthy", "Target.Timeout", true, false},
		{"unavailable", "Target.HealthCheckDisabled", true, false},
		{"unused", "Target.NotInUse", true, false},
		{"unused", "Target.NotRegistered", false, false},
		{"unused", "Target.DeregistrationInProgress", false, false},
		{"draining", "Target.DeregistrationInProgress", false, false},
		{"unhealthy.draining", "Target.DeregistrationInProgress", false, false},
	} {
		g := run.Target{State: c.state, Reason: c.reason}
		if g.Registered() != c.registered || g.Healthy() != c.healthy {
			t.Errorf(
				"%s (%s): registered %v, healthy %v; want %v, %v",
				c.state,
				c.reason,
				g.Registered(),
				g.Healthy(),
				c.registered,
				c.healthy,
			)
		}
	}
}

func TestNetwork(t *testing.T) {
	for protocol, want := range map[string]bool{"TCP": true, "TLS": true, "UDP": true, "TCP_UDP": true, "GENEVE": true, "HTTP": false, "HTTPS": false, "": false} {
		if got := (run.Group{Protocol: protocol}).Network(); got != want {
			t.Errorf("a group of protocol %q: network %v, want %v", protocol, got, want)
		}
	}
}

func TestShortARN(t *testing.T) {
	for long, want := range map[string]string{
		arn("web"): "web", "arn:aws:sns:eu-west-1:123456789012:alarms": "alarms", "web": "web", "": "",
	} {
		if got := run.ShortARN(long); got != want {
			t.Errorf("%q is read as %q, want %q", long, got, want)
		}
	}
}

func TestSameBoot(t *testing.T) {
	for _, c := range []struct {
		name, a, b string
		want       bool
	}{
		{"the same id", "5f1c", "5f1c", true},
		{"another id", "5f1c", "5f1d", false},
		{"a start that the clock has moved a little", "2026-01-05T04:00:00Z", "2026-01-05T04:00:29Z", true},
		{"in another zone", "2026-01-05T04:00:00Z", "2026-01-05T05:00:01+01:00", true},
		{"a start half a minute later", "2026-01-05T04:00:00Z", "2026-01-05T04:00:30Z", false},
		{"a start half a minute earlier", "2026-01-05T04:00:30Z", "2026-01-05T04:00:00Z", false},
		{"an id and a time", "5f1c", "2026-01-05T04:00:00Z", false},
	} {
		if got := run.SameBoot(c.a, c.b); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
