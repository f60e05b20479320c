// Package notify writes what a person is told: short subjects, the verdict first, then what, where, since when, and what to
// do next. SNS shows a subject of at most 99 characters; the topics' adapter cuts longer ones.
package notify

import (
	"fmt"
	"strings"
	"time"

	"quickstep/shared/run"
	"quickstep/shared/sanitize"
)

// Note is one message to people.
type Note struct{ Subject, Text string }

func clock(t time.Time) string { return t.UTC().Format(time.RFC3339) }

type lines struct{ strings.Builder }

// add writes a line. Lines end where the format does: what the arguments hold is made fit.
func (l *lines) add(format string, args ...any) {
	l.WriteString(sanitize.Sprintf(format+"\n", args...))
}

// note is what was added, without empty lines at its end, under a subject.
func (l *lines) note(subject string, args ...any) Note {
	return Note{Subject: sanitize.Sprintf(subject, args...), Text: strings.TrimRight(l.String(), "\n") + "\n"}
}

// steps numbers what to do next.
func (l *lines) steps(steps ...string) {
	for n, s := range steps {
		switch {
		case len(steps) == 1:
			l.add("Next:   %s", s)
		case n == 0:
			l.add("Next:   1. %s", s)
		default:
			l.add("        %d. %s", n+1, s)
		}
	}
}

// control is what to invoke the control function with.
func control(command, about, what string) string {
	return fmt.Sprintf("invoke the control function with {%q:%q,%q:%q}", "command", command, about, what)
}

// at names a step as an operator would.
func at(step string) string {
	switch step {
	case run.StepAwait:
		return run.StepRejoin
	case run.StepStarting:
		return "its start"
	case run.StepOpen:
		return "its work"
	case run.StepFinishing:
		return "its end"
	}
	return step
}

// Refused tells that a request nobody waits for was refused.
func Refused(fleet, request string, now time.Time, err error) Note {
	var t lines
	t.add("A scheduled rolling reboot of fleet %s was refused. Nothing was changed.", fleet)
	t.add("")
	t.add("Why:    %v", err)
	t.add("When:   %s", clock(now))
	t.add("Asked:  %s", request)
	t.add("")
	t.steps("correct the field that the reason names, in the schedule's input or in the fleet's SSM parameter;",
		"start the run by hand if it can't wait for the schedule.")
	return t.note("Quickstep: scheduled reboot refused, fleet %s", fleet)
}

// Started tells that a run begins.
func Started(r *run.Run, p *run.Plan, remarks []string) Note {
	var t lines
	t.add("The rolling reboot of fleet %s begins.", r.Fleet)
	t.add("")
	t.add("Run:       %s", r.ID)
	t.add("Instances: %d, at most %d at a time, %s allowed", r.Total, r.Limit, run.Count(r.MaxErrors, "failure"))
	t.add("Groups:    %s, minHealthy %s", run.Count(len(p.Groups), "target group"), p.Request.MinHealthy)
	t.add("Muted:     %s, %s", run.Count(len(p.Alarms), "alarm"), run.Count(len(p.Rules), "EventBridge rule"))
	if !p.Request.NotAfter.IsZero() {
		t.add("Until:     %s at the latest", clock(p.Request.NotAfter))
	}
	for _, remark := range remarks {
		t.add("Note:      %s", remark)
	}
	t.add("")
	t.add("To hold it, %s; resume and cancel likewise.", control("pause", "run", r.ID))
	return t.note("Quickstep: reboot of %s begins, fleet %s", run.Count(r.Total, "instance"), r.Fleet)
}

// Trouble tells that a run can't get on by itself at a step of its own.
func Trouble(id, fleet, step, reason string, now time.Time) Note {
	tried, until := "It is tried again without end.",
		"until then the fleet's alarms may still be muted, and its EventBridge rules disabled."
	if step == run.StepOpen {
		tried = "It is tried again; a run that can't be muted ends by gateTimeout."
		until = "until then no further instance may be able to leave service."
	}
	var t lines
	t.add("Run %s of fleet %s has trouble at %s. %s", id, fleet, at(step), tried)
	t.add("")
	t.add("Why:    %s", reason)
	t.add("When:   %s", clock(now))
	t.add("")
	t.steps("mend what the reason says (a permission, a deleted resource): the run then goes on by itself, within minutes;", until)
	return t.note("Quickstep: run %s has trouble at %s", id, at(step))
}
