package notify

import (
	"fmt"

	"quickstep/shared/run"
)

// Failure tells that an instance failed: where it is now, and what that asks for.
func Failure(r *run.Run, i *run.Instance) Note {
	var t lines
	f := i.Failure
	t.add("Instance %s of fleet %s failed at %s.", i.ID, r.Fleet, at(f.Step))
	t.add("")
	t.add("Why:    %s", f.Reason)
	t.add("When:   %s", clock(f.At))
	t.add("Run:    %s, %d of %d done", r.ID, r.Done, r.Total)
	failed := r.Failed
	if !i.Ended() { // else the run has counted it already
		failed++
	}
	state, next := where(r, i)
	t.add("State:  %s", state)
	switch {
	case r.Stopped != "":
		t.add("Rest:   no further instance leaves service: %s", r.Stopped)
	case failed > r.MaxErrors:
		t.add("Rest:   no further instance leaves service, since maxErrors is %d; those that are out finish their way", r.MaxErrors)
	default:
		t.add("Rest:   the run goes on: %d failed so far, and maxErrors is %d", failed, r.MaxErrors)
	}
	t.add("")
	t.steps(next...)
	return Note{Subject: fmt.Sprintf("Quickstep: %s FAILED at %s, fleet %s", i.ID, at(f.Step), r.Fleet), Text: t.text()}
}

// where says where a failed instance is now, and what to do about it.
func where(r *run.Run, i *run.Instance) (state string, next []string) {
	rebooted := !i.RebootAskedAt.IsZero()
	back := i.GaveUp == run.StepRejoin || i.GaveUp == run.StepAwait
	switch {
	case i.Terminated:
		return "the instance is terminated, and its token is free again.", []string{"make sure that whoever terminated it has replaced it."}
	case !i.BackAt.IsZero() && back:
		return "running; somebody else took it out of a target group after it had rejoined, and there it was left out.",
			[]string{"find out who did so, and why;", again(i)}
	case !i.BackAt.IsZero():
		return "in service again, not rebooted.", []string{"nothing is urgent; look at the reason before the next run."}
	case i.Out() && !rebooted && !back:
		return "out of service since " + clock(i.LeftAt) + ", not rebooted; it is being put back now.",
			[]string{"nothing is urgent, unless another message says that it could not be put back."}
	case i.Out():
		return out(r, i)
	}
	return "in service; it was never taken out.", []string{"nothing is urgent; look at the reason before the next run."}
}

func out(r *run.Run, i *run.Instance) (state string, next []string) {
	state = fmt.Sprintf("OUT OF SERVICE since %s; until it is released it counts against maxConcurrency (%d).", clock(i.LeftAt), r.Limit)
	next = []string{"repair the instance (look at its system log and its application's log);"}
	switch {
	case len(i.Capture) == 0: // it stands in no target group
	case !i.RegisteredAt.IsZero():
		next = append(next, "it is registered already: see that its targets get healthy;")
	default:
		for _, c := range i.Capture {
			next = append(next, fmt.Sprintf("register it again in %s;", c.Place()))
		}
	}
	return state, append(next, control("release", "instance", i.ID)+".")
}

// again says how a target comes back that somebody else has taken out: a QUIC one only with its server id.
func again(i *run.Instance) string {
	text := "register the target again if it should serve"
	for _, c := range i.Capture {
		if c.QUICServerID != "" {
			text += "; " + c.Place()
		}
	}
	return text + "."
}
