package notify_test

import (
	"strings"
	"testing"
	"time"

	"quickstep/shared/notify"
	"quickstep/shared/run"
)

// counted is a run that has counted the first failure already, and takes so many.
func counted(maxErrors int) *run.Run {
	r := failures(1)
	r.MaxErrors = maxErrors
	r.Tokens[0].Failed = true
	return r
}

// counting is a run that takes so many failures, has so many tokens, and so many that wait for one.
func counting(maxErrors, limit, waiting int) *run.Run {
	r := open()
	r.MaxErrors, r.Limit, r.Waiting = maxErrors, limit, waiting
	return r
}

// alone is a run whose other tokens are held by instances that failed out of service before.
func alone(r *run.Run) *run.Run {
	r.Tokens = r.Tokens[:r.Limit]
	r.Failed = r.Limit - 1
	for n := range r.Tokens[1:] {
		r.Tokens[n+1].Failed = true
	}
	return r
}

func paused(r *run.Run) *run.Run {
	r.Paused = now.Add(-time.Minute)
	return r
}

// late is an instance that has come to its end before its failure was announced.
func late(step, reason string) *run.Instance {
	i := out(step, reason)
	i.Step, i.GaveUp, i.EndedAt = run.Failed, step, now.Add(-5*time.Minute)
	i.Failure.At = now.Add(-15 * time.Minute)
	return i
}

func TestFailure(t *testing.T) {
	for _, c := range []struct {
		name string // the golden file's
		run  *run.Run
		i    func() *run.Instance
	}{
		{"failed out of service", open(), func() *run.Instance {
			return out(run.StepCheck, "not started after 30 checks: HTTP: no answer within 5s")
		}},
		{"failed after the run had stopped", stopped(failures(2), "2 failed, and maxErrors is 1"), func() *run.Instance {
			i := out(run.StepAwait, "not healthy 10m after it rejoined: web port 80 is unhealthy (Target.Timeout)")
			i.GaveUp, i.RegisteredAt = run.StepAwait, now.Add(-10*time.Minute)
			return i
		}},
		{"terminated", open(), func() *run.Instance {
			i := out(run.StepCheck, "the instance was terminated while the run had it out of service")
			i.Terminated = true
			return i
		}},
		{"never rebooted, going back", open(), func() *run.Instance {
			i := out(run.StepReboot, "never drained: the instance is draining in target group web, port 80")
			i.RebootAskedAt, i.GaveUp = time.Time{}, run.StepReboot
			return i
		}},
		{"taken out by somebody else", open(), func() *run.Instance {
			i := out(run.StepAwait, "somebody else took it out of web port 80 after it had rejoined; it was left out there")
			i.GaveUp, i.RegisteredAt, i.BackAt = run.StepAwait, now.Add(-10*time.Minute), now
			return i
		}},
		{"never left", open(), func() *run.Instance {
			return &run.Instance{ID: instance, Failure: &run.Failure{Step: run.StepDrain, At: now,
				Reason: "describe instance i-0123456789abcdef0: UnauthorizedOperation: not authorized to perform ec2:DescribeInstances"}}
		}},
		{"back in service before anybody was told", counted(3), func() *run.Instance {
			i := late(run.StepReboot, "never drained: the instance is draining in target group web, port 80")
			i.RebootAskedAt, i.GaveUp, i.BackAt = time.Time{}, run.StepReboot, now.Add(-5*time.Minute)
			return i
		}},
		{"out of service before anybody was told", stopped(counted(0), "1 failed, and maxErrors is 0"), func() *run.Instance {
			return late(run.StepCheck, "not started after 30 checks: HTTP: no answer within 5s")
		}},
		{"failed again on its way back", open(), func() *run.Instance {
			i := out(run.StepRejoin, "register i-0123456789abcdef0 in web: AccessDenied: not authorized to perform elasticloadbalancing:RegisterTargets"+
				" (on its way back, after it had failed at reboot: never drained: the instance is draining in target group web, port 80)")
			i.RebootAskedAt, i.GaveUp = time.Time{}, run.StepRejoin
			return i
		}},
		{"unhealthy on its way back", open(), func() *run.Instance {
			i := out(run.StepAwait, "not healthy 10m after it rejoined: web port 80 is unhealthy (Target.Timeout)"+
				" (on its way back, after it had failed at reboot: never drained: the instance is draining in target group web, port 80)")
			i.RebootAskedAt, i.GaveUp, i.RegisteredAt = time.Time{}, run.StepAwait, now.Add(-10*time.Minute)
			return i
		}},
		{"without target groups", open(), func() *run.Instance {
			i := out(run.StepCheck, "not started after 30 checks: EC2: instance status is impaired")
			i.Capture, i.GaveUp = nil, run.StepCheck
			return i
		}},
		{"failed out of a QUIC target group", open(), func() *run.Instance {
			i := out(run.StepCheck, "not started after 30 checks: HTTP: no answer within 5s")
			i.Capture[1].QUICServerID = "0x1a2b3c4d5e6f7a8b"
			return i
		}},
		{"taken out of a QUIC target group by somebody else", open(), func() *run.Instance {
			i := out(run.StepAwait, "somebody else took it out of web-admin port 8080 after it had rejoined; it was left out there")
			i.Capture[1].QUICServerID = "0x1a2b3c4d5e6f7a8b"
			i.GaveUp, i.RegisteredAt, i.BackAt = run.StepAwait, now.Add(-10*time.Minute), now
			return i
		}},
		{"one failure too many", failures(1), func() *run.Instance {
			return out(run.StepCheck, "not started after 30 checks: HTTP: no answer within 5s")
		}},
		{"with the last token that could get on", alone(counting(5, 2, 6)), func() *run.Instance {
			return out(run.StepCheck, "not started after 30 checks: HTTP: no answer within 5s")
		}},
		{"the last token, one left to skip", alone(counting(5, 1, 1)), func() *run.Instance {
			return out(run.StepCheck, "not started after 30 checks: HTTP: no answer within 5s")
		}},
		{"the last instance", alone(counting(5, 1, 0)), func() *run.Instance {
			i := out(run.StepCheck, "the instance was terminated while the run had it out of service")
			i.Terminated = true
			return i
		}},
		{"one failure too many and nobody else out", alone(counting(0, 1, 6)), func() *run.Instance {
			return out(run.StepCheck, "not started after 30 checks: HTTP: no answer within 5s")
		}},
		{"while the run is paused", paused(counting(5, 2, 6)), func() *run.Instance {
			return out(run.StepCheck, "not started after 30 checks: HTTP: no answer within 5s")
		}},
		{"a target group was deleted", open(), func() *run.Instance {
			i := out(run.StepRejoin, "target group web-admin doesn't exist any more, so that it can't be put back there")
			i.GaveUp, i.RegisteredAt, i.BackAt, i.Deleted = run.StepAwait, now.Add(-time.Minute), now, []string{arn("web-admin")}
			return i
		}},
		{"every target group was deleted", open(), func() *run.Instance {
			i := out(run.StepRejoin, "target groups web, web-admin don't exist any more, so that it can't be put back there")
			i.GaveUp, i.RegisteredAt, i.BackAt, i.Deleted = run.StepAwait, now.Add(-time.Minute), now, []string{arn("web"), arn("web-admin")}
			return i
		}},
		{"a target group was deleted and another is unhealthy", open(), func() *run.Instance {
			i := out(run.StepRejoin, "target group web-admin doesn't exist any more, so that it can't be put back there; and not healthy 10m after it rejoined: "+
				"web port 80 is unhealthy (Target.Timeout)")
			i.GaveUp, i.RegisteredAt, i.Deleted = run.StepAwait, now.Add(-10*time.Minute), []string{arn("web-admin")}
			return i
		}},
	} {
		t.Run(c.name, func(t *testing.T) { golden(t, notify.Failure(c.run, c.i())) })
	}
}

// TestAFailureThatIsCountedAlready: one that is announced late has been counted before, and isn't one more.
func TestAFailureThatIsCountedAlready(t *testing.T) {
	if n := notify.Failure(counted(1), late(run.StepCheck, "x")); !strings.Contains(n.Text, "instead of 2: 1 failed so far") {
		t.Errorf("one failure of one that is allowed:\n%s", n.Text)
	}
}
