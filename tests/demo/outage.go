package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"quickstep/shared/run"
)

// part is a piece of the time that an instance was out of service.
type part struct {
	name string
	took time.Duration
}

// parts are what the time out of service of an instance that came back was spent on. They add up to
// the whole: it is the moments between them that are rounded.
func (e ending) parts() []part {
	if e.BackAt.IsZero() || e.RebootAskedAt.IsZero() || e.RegisteredAt.IsZero() {
		return nil
	}
	since := func(t time.Time) time.Duration { return t.Sub(e.LeftAt).Round(time.Second) }
	asked, registered, back := since(e.RebootAskedAt), since(e.RegisteredAt), since(e.BackAt)
	// an application that was never seen to stop answers all the time
	answers := min(max(since(e.answers), asked), registered)
	return []part{
		{"drain", asked},
		{"reboot", answers - asked},
		{"check", registered - answers},
		{"health", back - registered},
	}
}

// outFor is how long an instance was out of service.
func (e ending) outFor() string {
	switch {
	case e.LeftAt.IsZero():
		return "never"
	case e.BackAt.IsZero():
		return run.Span(e.EndedAt.Sub(e.LeftAt)) + ", still"
	}
	return run.Span(e.BackAt.Sub(e.LeftAt))
}

// checks is how many startup checks there were: those that didn't pass, and the one that did.
func (e ending) checks() int {
	if e.StartedAt.IsZero() {
		return e.Checks
	}
	return e.Checks + 1
}

// longest is the instance that came back after the longest time.
func longest(rows []ending) (of ending, found bool) {
	for _, r := range rows {
		if len(r.parts()) > 0 && (!found || r.BackAt.Sub(r.LeftAt) > of.BackAt.Sub(of.LeftAt)) {
			of, found = r, true
		}
	}
	return of, found
}

// explain says what the time out of service was spent on, and why the longest part of it is as long
// as it is.
func (e ending) explain() (sum, why string) {
	parts := e.parts()
	for n, p := range parts {
		if n > 0 {
			sum += " + "
		}
		sum += fmt.Sprintf("%s %s", p.name, run.Span(p.took))
	}
	most := slices.MaxFunc(parts, func(a, b part) int { return cmp.Compare(a.took, b.took) })
	why = e.why(most.name)
	return sum, fmt.Sprintf("Most of it, %s, was the %s: %s.", run.Span(most.took), most.name, why)
}

func (e ending) why(part string) string {
	switch {
	case part == "drain":
		return "its target groups may send it requests until their deregistration delay is over"
	case part == "reboot":
		return "that is how long its application takes to answer again"
	case part == "check" && e.Boot.Unreadable:
		return "no boot id can be read, for Systems Manager doesn't manage it; so nothing proves " +
			"that it is on a new boot, and it is believed only once its check was seen to fail, or " +
			"five minutes after the reboot"
	case part == "check":
		return "that is how long its startup check took to see that it has started"
	}
	return "that is how long its target groups took to see that it is healthy"
}
