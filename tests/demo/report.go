package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"quickstep/shared/run"
	"quickstep/tests/sim"
	"quickstep/tests/site"
	"quickstep/tests/world"
)

// mostLines is how many violations of one rule are printed: with draining left out each reboot is one.
const mostLines = 3

// What a run looks like in the fleet's time: the deregistration delay of sim's target groups, and all of it, its summary included.
const (
	draining = 2 * time.Minute
	wholeRun = 25 * time.Minute
)

// introduce says what is going to happen, to somebody who has never seen it.
func introduce(out io.Writer, undrained bool) {
	fmt.Fprintf(out, `A patch report, and a rolling reboot of %d instances under load, on this machine alone.

Real:      the code of all functions, wired as in template.yaml; two HTTP servers an instance, which are gone while it
           boots; a load balancer for each target group (%s), which sends each request once, to an instance
           that is registered and healthy; a client that sends %d requests a second and counts those that fail.
Stand-in:  AWS itself, in memory: queues, table, instances, target groups, alarms.
Time:      the fleet's runs %d times as fast as yours. All times below are the fleet's. Its target groups drain for %s,
           that is %s of yours; the whole takes about %s, that is %s of yours.
The run:   %d instances may be out of service at once; half of each target group must stay healthy.
First:     a patch report of a maintenance window that opens tomorrow.
Expected:  %s starts slowly. %s never comes back: it must be reported, and the others go on.
`, size, strings.Join(groups, " and "), len(groups)*int(connections*time.Second/site.Between), factor, run.Span(draining), run.Span(draining/factor),
		run.Span(wholeRun), run.Span(wholeRun/factor), tokens, sim.ID(slow), sim.ID(lost))
	if undrained {
		fmt.Fprintln(out, "Left out:  draining. Instances are rebooted while load balancers send them requests, so some must fail.")
	}
	fmt.Fprintln(out)
}

func (e evidence) print(out io.Writer) {
	e.printInstances(out)
	e.printNotes(out)
	e.printFindings(out)
	printTraffic(out, e.requests)
}

func (e evidence) printInstances(out io.Writer) {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "INSTANCE\tRESULT\tREBOOTS\tOUT OF SERVICE\tFAILED CHECKS\tREASON")
	for _, r := range e.rows {
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%d\t%s\n", r.ID, r.Step, r.boots, outFor(r.Instance), r.Checks, r.Position.Reason)
	}
	_ = t.Flush() // as everything here, it goes to the terminal or nowhere
}

// outFor is how long an instance was out of service.
func outFor(i run.Instance) string {
	switch {
	case i.LeftAt.IsZero():
		return "never"
	case i.BackAt.IsZero():
		return "since " + run.Span(i.EndedAt.Sub(i.LeftAt)) + ", still"
	}
	return run.Span(i.BackAt.Sub(i.LeftAt))
}

// printNotes prints all that was sent to the alarm topic, and the summary at the end of the run.
func (e evidence) printNotes(out io.Writer) {
	notes := e.alarms
	if n := len(e.reports); n > 0 {
		notes = append(slices.Clone(notes), e.reports[n-1])
	}
	for n, note := range notes {
		topic := "alarms"
		if n >= len(e.alarms) {
			topic = "reports"
		}
		printNote(out, topic, note)
	}
}

func printNote(out io.Writer, topic string, note world.Note) {
	fmt.Fprintf(out, "\nSent to the topic for %s: %s\n", topic, note.Subject)
	for line := range strings.Lines(note.Text) {
		fmt.Fprintln(out, strings.TrimRight("  | "+line, " \n"))
	}
}

func (e evidence) printFindings(out io.Writer) {
	fmt.Fprintln(out, "\nThe rules, as seen from AWS's side:")
	for _, f := range e.findings {
		mark := "ok    "
		if len(f.broken) > 0 {
			mark = "BROKEN"
		}
		fmt.Fprintln(out, strings.TrimRight(fmt.Sprintf("  %s  %-50s  %s", mark, f.rule, f.seen), " "))
		for _, b := range f.broken[:min(len(f.broken), mostLines)] {
			fmt.Fprintf(out, "            %s\n", b)
		}
		if more := len(f.broken) - mostLines; more > 0 {
			fmt.Fprintf(out, "            and %d more\n", more)
		}
	}
}

// printTraffic ends with the line for which the demo is made.
func printTraffic(out io.Writer, t site.Tally) {
	if t.Failed > 0 {
		fmt.Fprintln(out, "\nWhy requests failed:")
	}
	for _, reason := range slices.Sorted(maps.Keys(t.Reasons)) {
		fmt.Fprintf(out, "%6d × %s\n", t.Reasons[reason], reason)
	}
	fmt.Fprintln(out)
	fmt.Fprintf(out, "requests %d, failed %d\n", t.Requests, t.Failed)
}
