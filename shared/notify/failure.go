package notify

import (
	"fmt"
	"slices"

	"quickstep/shared/run"
)

// Failure tells that an instance failed: where it is now, and what that asks for.
func Failure(r *run.Run, i *run.Instance) Note {
	var m mail
	f := i.Failure
	m.line("Instance %s of fleet %s failed at %s.", i.ID, r.Fleet, at(f.Step))
	m.blank()
	m.row("Why", "%s", f.Reason)
	m.row("When", "%s", Time(f.At))
	m.row("Run", "%s, %d of %d done", r.ID, r.Done, r.Total)
	state, next := where(r, i)
	m.row("State", "%s", state)
	m.row("Rest", "%s", rest(r, i))
	m.blank()
	m.steps(next...)
	return m.note("Quickstep: %s FAILED at %s, fleet %s", i.ID, at(f.Step), r.Fleet)
}

// rest says what becomes of the run.
func rest(r *run.Run, i *run.Instance) string {
	after := r.AfterFailure(i)
	usable := after.Limit
	for _, token := range after.Tokens {
		if token.Failed {
			usable--
		}
	}
	if after.Over() {
		return "the run ends" + once(i) + skipped(&after)
	}
	if after.Stopped != "" {
		return "no further instance leaves service: " + after.Stopped + "; those that are out finish their way"
	}
	state := "the run goes on"
	if !r.Paused.IsZero() {
		state = "the run is paused, and can be resumed"
	}
	if usable < after.Limit {
		state += fmt.Sprintf(", with at most %s out at a time instead of %d",
			run.Count(usable, "instance"), after.Limit)
	}
	return fmt.Sprintf("%s: %d failed so far, and maxErrors is %d", state, after.Failed, after.MaxErrors)
}

// once says when a run ends whose last instance failed.
func once(i *run.Instance) string {
	if i.GoesBack() {
		return " once this instance is back"
	}
	return ""
}

// skipped says what a run that ends leaves undone, and why.
func skipped(after *run.Run) string {
	switch n, why := after.Rest(); n {
	case 0:
		return ": nothing is left to do"
	case 1:
		return ", and 1 instance is skipped: " + why
	default:
		return fmt.Sprintf(", and %d instances are skipped: %s", n, why)
	}
}

// where says where a failed instance is now, and what to do about it.
func where(r *run.Run, i *run.Instance) (state string, next []string) {
	switch {
	case i.Terminated:
		return "the instance is terminated, and its token is free again.",
			[]string{"make sure that whoever terminated it has replaced it."}
	case !i.BackAt.IsZero() && len(i.Deleted) > 0:
		return vanished(i)
	case !i.BackAt.IsZero() && i.FailedBack():
		return "running; somebody else took it out of a target group after it had rejoined, and there it was left out.",
			[]string{"find out who did so, and why;", again(i)}
	case !i.BackAt.IsZero():
		return "in service again, not rebooted.", []string{"nothing is urgent; look at the reason before the next run."}
	case i.GoesBack():
		return "out of service since " + Time(i.LeftAt) + ", not rebooted; it is being put back now.",
			[]string{"nothing is urgent, unless another message says that it could not be put back."}
	case i.Out():
		return out(r, i)
	}
	return "as it was; this run never took it out of service.",
		[]string{"nothing is urgent; look at the reason before the next run."}
}

// vanished is about an instance that stood in target groups that don't exist any more.
func vanished(i *run.Instance) (state string, next []string) {
	where, left := "in service again where it still can be", false
	for _, c := range i.Capture {
		left = left || !slices.Contains(i.Deleted, c.Group)
	}
	if !left {
		where = "running, and in no target group"
	}
	return where + ": " + run.Vanished(i.Deleted) + ".", []string{
		"find out who deleted that, and why;", "register the instance elsewhere if it should serve there."}
}

// registered is what to do about one that is registered and out of service.
func registered(i *run.Instance) string {
	text := "it is registered already: see that its targets get healthy;"
	if len(i.Deleted) > 0 {
		text = run.Vanished(i.Deleted) + "; where it is registered, see that its targets get healthy;"
	}
	return text
}

func out(r *run.Run, i *run.Instance) (state string, next []string) {
	state = fmt.Sprintf("OUT OF SERVICE since %s; until it is released it counts against maxConcurrency (%d).",
		Time(i.LeftAt), r.Limit)
	next = []string{"repair the instance (look at its system log and its application's log);"}
	switch {
	case len(i.Capture) == 0: // it stands in no target group
	case !i.RegisteredAt.IsZero():
		next = append(next, registered(i))
	default:
		for _, c := range i.Capture {
			if slices.Contains(i.Deleted, c.Group) {
				continue
			}
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
