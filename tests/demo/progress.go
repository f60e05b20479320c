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
	lines []string // what happened since the last view
}

// view is the run as it is shown at one moment.
type view struct {
	at    time.Duration // since the beginning, in the fleet's time
	now   time.Time
	run   run.Run
	rows  []run.Instance
	lines []string
	quiet bool // it has ended, and nothing of it is under way any more
}

// telling is what a step means to somebody who sees it for the first time.
var telling = map[string]string{
	run.StepDrain:   "has a token, asks whether it may leave service",
	run.StepReboot:  "out of its target groups; requests under way may end before it is rebooted",
	run.StepCheck:   "was told to reboot; is asked until it has started",
	run.StepRejoin:  "has started; goes back into its target groups",
	run.StepAwait:   "registered; watched until healthy",
	run.Done:        "in service again; its token goes to the next",
	choreo.Failing:  "gave up: ",
	run.Failed:      "ended: ",
	run.Skipped:     "left as it is: ",
	run.StepWaiting: "",
}

// afterEnd is how long messages and targets may need to settle once the run has ended.
const afterEnd = 5 * time.Minute

func newProgress(f *fleet) *progress {
	return &progress{fleet: f, began: f.Now(), rows: map[string]run.Instance{}}
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
		p.tell(op.Subject, "answers again")
	}
}

func (p *progress) tell(who, what string) {
	p.lines = append(p.lines, fmt.Sprintf("%7s  %-20s %s", run.Span(p.fleet.Now().Sub(p.began)), who, what))
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
			if before := p.rows[i.ID]; before.Step != i.Step && telling[i.Step] != "" {
				what := telling[i.Step]
				if strings.HasSuffix(what, " ") {
					what += i.Position.Reason
				}
				p.tell(i.ID, fmt.Sprintf("%-7s %s", i.Step, what))
			}
			p.rows[i.ID] = i
		}
	}
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
		v = view{now: f.Now(), run: p.run, lines: p.lines}
		v.at, p.lines = v.now.Sub(p.began), nil
		for _, id := range slices.Sorted(maps.Keys(p.rows)) {
			v.rows = append(v.rows, p.rows[id])
		}
		v.quiet = !v.run.Ended.IsZero() && (f.settled() || v.now.Sub(v.run.Ended) > afterEnd)
	})
	return v
}
