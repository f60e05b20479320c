// Package notify writes what a person is told: short subjects, then what, where, since when, and what to do next. SNS
// shows a subject of at most 99 characters; the topics' adapter cuts longer ones.
package notify

import (
	"fmt"
	"strings"
	"time"

	"quickstep/shared/run"
)

// Note is one message to people.
type Note struct{ Subject, Text string }

func clock(t time.Time) string { return t.UTC().Format(time.RFC3339) }

type lines struct{ strings.Builder }

func (l *lines) add(format string, args ...any) { fmt.Fprintf(&l.Builder, format+"\n", args...) }

// Failure tells that an instance failed.
func Failure(r *run.Run, i *run.Instance) Note {
	var t lines
	f := i.Failure
	t.add("Instance %s of fleet %s failed at %s.", i.ID, r.Fleet, f.Step)
	t.add("")
	t.add("Why:    %s", f.Reason)
	t.add("When:   %s", clock(f.At))
	t.add("Run:    %s (%d of %d done, %d failed before this one, maxErrors %d)", r.ID, r.Done, r.Total, r.Failed, r.MaxErrors)
	switch {
	case i.Terminated:
		t.add("State:  the instance is terminated; its token goes to the next instance.")
		t.add("")
		t.add("Next:   make sure that whoever terminated it has replaced it.")
	case !i.BackAt.IsZero():
		t.add("State:  rebooted and running; somebody else took it out of a target group, and it was left out there.")
		t.add("")
		t.add("Next:   find out who did so; register the target again if it should serve.")
	case i.Out() && i.RebootAskedAt.IsZero() && f.Step != run.StepRejoin && f.Step != run.StepAwait:
		t.add("State:  out of service since %s, not rebooted; it is being put back into its target groups.", clock(i.LeftAt))
		t.add("")
		t.add("Next:   nothing is urgent; look at the reason before the next run.")
	case i.Out():
		t.add("State:  OUT OF SERVICE since %s. It keeps one of the run's %d tokens until it is released.", clock(i.LeftAt), r.Limit)
		t.add("")
		t.add("Next:   1. repair the instance (its system log, its application's log);")
		for n, c := range i.Capture {
			t.add("        %s register it again in target group %s, port %d;", step(n == 0, "2."), run.ShortARN(c.Group), c.Port)
		}
		t.add("        3. invoke the control function with {\"command\":\"release\",\"instance\":\"%s\"}.", i.ID)
	default:
		t.add("State:  in service; it was never taken out.")
		t.add("")
		t.add("Next:   look at the reason before the next run.")
	}
	if r.Stopped != "" {
		t.add("        The run admits no more instances: %s.", r.Stopped)
	}
	return Note{Subject: fmt.Sprintf("Quickstep: %s failed in fleet %s at %s", i.ID, r.Fleet, f.Step), Text: t.String()}
}

func step(first bool, number string) string {
	if first {
		return number
	}
	return strings.Repeat(" ", len(number))
}

// Refused tells that a request nobody waits for was refused.
func Refused(fleet, request string, now time.Time, err error) Note {
	var t lines
	t.add("A scheduled rolling reboot of fleet %s was refused. Nothing was changed.", fleet)
	t.add("")
	t.add("Why:     %v", err)
	t.add("When:    %s", clock(now))
	t.add("Request: %s", request)
	t.add("")
	t.add("Next:    correct the field that the reason names, in the schedule's input or in the fleet's SSM parameter,")
	t.add("         and start the run by hand if it can't wait for the schedule.")
	return Note{Subject: fmt.Sprintf("Quickstep: scheduled reboot of fleet %s was refused", fleet), Text: t.String()}
}

// Started tells that a run begins.
func Started(r *run.Run, p *run.Plan, remarks []string) Note {
	var t lines
	t.add("The rolling reboot of fleet %s begins.", r.Fleet)
	t.add("")
	t.add("Run:       %s", r.ID)
	t.add("Instances: %d, %d at a time at most, %d failures allowed", r.Total, r.Limit, r.MaxErrors)
	t.add("Groups:    %d target groups, each keeps %s healthy targets", len(p.Groups), p.Request.MinHealthy)
	t.add("Muted:     %d alarms, %d EventBridge rules", len(p.Alarms), len(p.Rules))
	if !p.Request.NotAfter.IsZero() {
		t.add("Until:     %s at the latest", clock(p.Request.NotAfter))
	}
	for _, remark := range remarks {
		t.add("Note:      %s", remark)
	}
	t.add("")
	t.add("Pause, resume or cancel: invoke the control function with {\"command\":\"pause\",\"run\":\"%s\"}.", r.ID)
	return Note{Subject: fmt.Sprintf("Quickstep: reboot of fleet %s begins (%d instances)", r.Fleet, r.Total), Text: t.String()}
}

// Ended tells how a run has ended. failures and skips are lines about instances, more counts those left out of them.
func Ended(r *run.Run, now time.Time, failures, skips []string, more int) Note {
	var t lines
	rest, why := r.Rest()
	verdict := "all done"
	switch {
	case r.Failed > 0:
		verdict = fmt.Sprintf("%d FAILED", r.Failed)
	case r.Skipped+rest > 0:
		verdict = fmt.Sprintf("%d skipped", r.Skipped+rest)
	case r.Opened.IsZero():
		verdict = "NOT STARTED"
	}
	t.add("The rolling reboot of fleet %s has ended: %s.", r.Fleet, verdict)
	t.add("")
	t.add("Run:      %s, %s to %s (%s)", r.ID, clock(r.Began), clock(now), run.Span(now.Sub(r.Began)))
	t.add("Done:     %d of %d", r.Done, r.Total)
	t.add("Failed:   %d", r.Failed)
	t.add("Skipped:  %d", r.Skipped+rest)
	if r.Done > 0 {
		t.add("Out of service: %s on average, %s at most (%s)", run.Span(time.Duration(r.OutFor)/time.Duration(r.Done)),
			run.Span(time.Duration(r.Longest.For)), r.Longest.Instance)
	}
	if r.Stopped != "" {
		t.add("Stopped:  %s, at %s", r.Stopped, clock(r.StoppedAt))
	}
	section(&t, "Failed", failures)
	section(&t, "Skipped", skips)
	if rest > 0 {
		t.add("  %d instances never got a token: %s", rest, why)
	}
	if more > 0 {
		t.add("")
		t.add("%d more aren't listed here; invoke the control function with {\"command\":\"status\",\"run\":\"%s\"}.", more, r.ID)
	}
	t.add("")
	t.add("Alarms and EventBridge rules are restored.")
	return Note{Subject: fmt.Sprintf("Quickstep: reboot of fleet %s ended, %s", r.Fleet, verdict), Text: t.String()}
}

func section(t *lines, title string, rows []string) {
	if len(rows) == 0 {
		return
	}
	t.add("")
	t.add("%s:", title)
	for _, row := range rows {
		t.add("  %s", row)
	}
}

// Trouble tells that a run can't get on by itself at a step of its own.
func Trouble(id, fleet, step, reason string, now time.Time) Note {
	var t lines
	t.add("Run %s of fleet %s has trouble at %s. It is tried again without end.", id, fleet, step)
	t.add("")
	t.add("Why:   %s", reason)
	t.add("When:  %s", clock(now))
	t.add("")
	t.add("Next:  alarms and EventBridge rules of the fleet may still be muted. Mend what the reason says (a permission, a")
	t.add("       deleted resource); the run goes on within an hour, and says so.")
	return Note{Subject: fmt.Sprintf("Quickstep: run %s has trouble at %s", id, step), Text: t.String()}
}
