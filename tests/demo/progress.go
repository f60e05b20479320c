package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/shared/run"
	"quickstep/tests/world"
)

// progress follows the run in the ledger, write by write, so that no step is too short to be told.
type progress struct {
	fleet *fleet
	began time.Time
	run   run.Run
	rows  map[string]run.Instance
	up    map[string]time.Time // when an application answered again
	lines []string             // what happened since the last view
}

// view is the run as it is shown at one moment.
type view struct {
	at    time.Duration // since the beginning, in the fleet's time
	now   time.Time
	run   run.Run
	rows  []run.Instance
	up    map[string]time.Time
	lines []string
	quiet bool // it has ended, and nothing of it is under way any more
}

// telling is what a step means to somebody who sees it for the first time.
var telling = map[string]string{
	run.StepDrain:   "has a token, asks whether it may leave service",
	run.StepReboot:  "deregistered; requests under way may end before the reboot",
	run.StepCheck:   "was told to reboot; is checked until it has started",
	run.StepRejoin:  "has started; goes back into its target groups",
	run.StepAwait:   "registered; watched until healthy",
	run.Done:        "in service again; ",
	choreo.Failing:  "gave up: ",
	run.Failed:      "ended as failed; ",
	run.Skipped:     "left as it is: ",
	run.StepWaiting: "",
}

// afterEnd is how long messages and targets may need to settle once the run has ended.
const afterEnd = 5 * time.Minute

func newProgress(f *fleet) *progress {
	return &progress{
		fleet: f, began: f.Now(), rows: map[string]run.Instance{}, up: map[string]time.Time{},
	}
}

// see is called with each effect.
func (p *progress) see(op world.Op) {
	switch {
	case !op.Happened:
	case op.Service == "dynamodb" && op.Name == "Write":
		p.read()
	case op.Service == "sns" && op.Name == "Publish":
		notes := p.fleet.Published(op.Subject)
		p.tell("SNS, topic "+op.Subject, notes[len(notes)-1].Subject)
	case op.Service == "world" && op.Name == "reboots":
		p.tell(op.Subject, "goes down")
	case op.Service == "world" && op.Name == "answers":
		p.up[op.Subject] = p.fleet.Now()
		p.tell(op.Subject, "answers again")
	}
}

func (p *progress) tell(who, what string) {
	at := run.Span(p.fleet.Now().Sub(p.began))
	p.lines = append(p.lines, fmt.Sprintf("%7s  %-20s %s", at, who, what))
}

// read looks at the run's part of the ledger.
func (p *progress) read() {
	for _, d := range p.fleet.Docs("RUN#" + runID) {
		switch {
		case d.SK == "RUN":
			decode(d, &p.run)
		case strings.HasPrefix(d.SK, "I#"):
			var i run.Instance
			decode(d, &i)
			before := p.rows[i.ID]
			p.rows[i.ID] = i
			if before.Step != i.Step && telling[i.Step] != "" {
				p.tell(i.ID, fmt.Sprintf("%-7s  %s", i.Step, p.means(i)))
			}
		}
	}
}

// means is what an instance's step means; with its end, how many have ended.
func (p *progress) means(i run.Instance) string {
	what := telling[i.Step]
	switch i.Step {
	case choreo.Failing:
		what += i.Position.Reason
	case run.Skipped:
		what += i.Position.Reason + "; "
	}
	if i.Ended() {
		what += count(slices.Collect(maps.Values(p.rows)), p.run.Total).String()
	}
	return what
}

// decode reads a document into an empty value: what the document leaves out isn't what it was before.
func decode[T any](d ledger.Doc, v *T) {
	var fresh T
	if err := d.Decode(&fresh); err != nil {
		panic(err) // the product wrote it
	}
	*v = fresh
}

// view is what has become of the run, and the lines since the view before.
func (f *fleet) view() (v view) {
	f.Do(func() {
		p := f.progress
		v = view{now: f.Now(), run: p.run, up: maps.Clone(p.up), lines: p.lines}
		v.at, p.lines = v.now.Sub(p.began), nil
		for _, id := range slices.Sorted(maps.Keys(p.rows)) {
			v.rows = append(v.rows, p.rows[id])
		}
		v.quiet = !v.run.Ended.IsZero() && (f.settled() || v.now.Sub(v.run.Ended) > afterEnd)
	})
	return v
}
