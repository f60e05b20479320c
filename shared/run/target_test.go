package run_test

import (
	"testing"
	"time"

	"quickstep/shared/run"
)

// TestAnUnhealthyDrainingTargetIsCaptured: it is healthy in one group, and in another one a Network Load Balancer
// lets it finish its connections.
func TestAnUnhealthyDrainingTargetIsCaptured(t *testing.T) {
	l := gate()
	l.Me.Groups = append(l.Me.Groups, arn("api"))
	api := serving("a b c d")
	api[1].State, api[1].Reason = "unhealthy.draining", "Target.FailedHealthChecks"
	l.Targets[arn("api")] = api
	if got := l.Registrations(); len(got) != 2 || got[0].Group != arn("api") || got[0].Healthy {
		t.Errorf("it stands in %+v", got)
	}
	if v := l.Decide(); v.Answer != run.Go {
		t.Errorf("the gate says %+v", v)
	}
}

func TestTheGateWaitsForTheFirstHealthChecks(t *testing.T) {
	for _, c := range []struct {
		name   string
		since  time.Duration // for how long it has waited; zero: not yet
		left   bool
		change func(*run.Gate)
		answer run.Answer
	}{
		{"its own target is initial", 0, false, func(*run.Gate) {}, run.Wait},
		{"for nearly ten minutes", 10*time.Minute - time.Second, false, func(*run.Gate) {}, run.Wait},
		{"for ten minutes", 10 * time.Minute, false, func(*run.Gate) {}, run.Go},
		{"it has left already", 0, true, func(*run.Gate) {}, run.Go},
		{"another one's is initial", 0, false, func(l *run.Gate) { l.Targets[arn("web")] = serving("a b c d:initial") }, run.Go},
		{"its second port is", 0, false, func(l *run.Gate) {
			l.Targets[arn("web")] = append(serving("a b c d"), run.Target{Address: run.Address{ID: "b", Port: 81}, State: "initial"})
		}, run.Wait},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := gate()
			l.Targets[arn("web")] = serving("a b:initial c")
			if c.since > 0 {
				l.Me.InitialSince = now.Add(-c.since)
			}
			if c.left {
				l.Me.LeftAt = now
			}
			c.change(l)
			if v := l.Decide(); v.Answer != c.answer || v.Own != (c.answer == run.Wait) {
				t.Errorf("the gate says %+v", v)
			}
		})
	}
}
