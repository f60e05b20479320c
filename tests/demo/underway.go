package main

import (
	"fmt"
	"maps"
	"slices"

	"quickstep/shared/choreo"
	"quickstep/shared/run"
)

// settled says that no message can do anything any more, and everybody who came back serves.
func (f *fleet) settled() bool {
	if len(f.pending()) > 0 {
		return false
	}
	for _, arn := range f.ARNs {
		if len(f.Routable(arn)) < enough {
			return false
		}
	}
	return true
}

// pending are the messages that somebody would act on. One that names a position which has moved on is dropped when
// its time comes, be it in ten minutes: nobody has to wait for that.
func (f *fleet) pending() (bodies []string) {
	for _, name := range slices.Sorted(maps.Keys(f.Stack.Queues)) {
		for _, body := range f.Peek(name) {
			var p choreo.Position
			m, err := choreo.DecodeMessage(body)
			d, found := f.Doc(m.PK, m.SK)
			if found {
				decode(d, &p)
			}
			if name == "last" || err != nil || (found && p.N == m.N && p.Redeliveries == m.Redeliveries) {
				bodies = append(bodies, name+": "+body)
			}
		}
	}
	return bodies
}

// hanging says what a run waits for that should have ended.
func (f *fleet) hanging() (lines []string) {
	v := f.view()
	lines = append(lines, fmt.Sprintf("What hangs, %s after the beginning (run: %s):", run.Span(v.at), v.run.Status()))
	for _, i := range v.rows {
		if !i.Ended() {
			lines = append(
				lines,
				fmt.Sprintf(
					"  %s  %s since %s, attempt %d, %s",
					i.ID,
					i.Step,
					run.Span(v.now.Sub(i.Since)),
					i.Attempt,
					i.Position.Reason,
				),
			)
		}
	}
	f.Do(func() {
		for _, d := range f.Docs("ACTIVE") {
			var a run.Active
			decode(d, &a)
			lines = append(
				lines,
				fmt.Sprintf(
					"  the run itself  %s since %s, %s",
					a.Step,
					run.Span(v.now.Sub(a.Since)),
					a.Position.Reason,
				),
			)
		}
		for _, message := range f.pending() {
			lines = append(lines, "  queue "+message)
		}
	})
	return lines
}
