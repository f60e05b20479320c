package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"quickstep/shared/run"
	"quickstep/tests/loadenv"
	"quickstep/tests/sim"
)

// mostLines is how many violations of one rule are printed: with draining left out each reboot is
// one.
const mostLines = 3

// What a run looks like in the fleet's time: the deregistration delay of sim's target groups, and
// all of it, its summary included.
const (
	draining = 2 * time.Minute
	wholeRun = 21 * time.Minute
)

// introduce says what is going to happen, to somebody who has never seen it.
func introduce(p page, undrained bool) {
	const title = "A patch report, and a rolling reboot of %d instances under load, on this machine alone."
	p.printf("%s\n\n", p.paint(bold, fmt.Sprintf(title, size)))
	p.printf("Real:      the code of all functions, wired as in template.yaml; two HTTP servers an "+
		"instance, gone while it boots; a load balancer for each target group (%s), which sends each "+
		"request once, to an instance that is registered and healthy; a client that sends %d requests "+
		"a second and counts those that fail.\n",
		strings.Join(groups, " and "), len(groups)*int(connections*time.Second/loadenv.Between))
	p.printf("Stand-in:  AWS itself, in memory: queues, table, instances, target groups, alarms.\n")
	p.printf("Time:      the fleet's runs %d times as fast as yours. All times below are the fleet's. "+
		"Its target groups drain for %s, that is %s of yours; the whole takes about %s, that is %s of "+
		"yours.\n", factor, run.Span(draining), run.Span(draining/factor),
		run.Span(wholeRun), run.Span(wholeRun/factor))
	p.printf("The run:   %d instances may be out of service at once; half of each target group must "+
		"stay healthy.\n", tokens)
	p.printf("First:     a patch report of a maintenance window that opens tomorrow.\n")
	p.printf("Expected:  %s starts slowly. %s never comes back: it must be reported, and the others "+
		"go on.\n", sim.ID(slow), sim.ID(lost))
	if undrained {
		p.printf("%s\n", p.paint(red, "Left out:  draining. Instances are rebooted while load "+
			"balancers send them requests, so some must fail."))
	}
	p.printf("\n")
}

func (e evidence) print(p page) {
	e.printInstances(p)
	e.printNotes(p)
	e.printFindings(p)
	if e.undrained {
		p.printf("\nDraining was left out. What you see is what it is for; " +
			"so this ends with exit status 1.\n")
	}
	printTraffic(p, e.requests)
}

// printInstances prints what became of each instance, and what its time out of service was spent
// on.
func (e evidence) printInstances(p page) {
	const layout = "%-20s  %-7s  %7s  %6s  %14s  %7s  %8s  %7s  %8s"
	head := fmt.Sprintf(layout, "INSTANCE", "RESULT", "REBOOTS", "CHECKS",
		"OUT OF SERVICE", "= DRAIN", "+ REBOOT", "+ CHECK", "+ HEALTH")
	p.printf("%s\n", p.paint(bold, head))
	for _, r := range e.rows {
		took := []any{"", "", "", ""}
		for n, part := range r.parts() {
			took[n] = run.Span(part.took)
		}
		values := []any{r.ID, r.Step, strconv.Itoa(r.boots), strconv.Itoa(r.checks()), r.outFor()}
		p.printf(layout+"\n", append(values, took...)...)
		if r.Position.Reason != "" {
			p.printf("%-20s  %s\n", "", r.Position.Reason)
		}
	}
	if r, found := longest(e.rows); found {
		sum, why := r.explain()
		p.printf("\nLongest out of service:  %s, %s = %s.\n", r.ID, r.outFor(), sum)
		p.printf("%-23s  %s\n", "", why)
	}
}

// printNotes prints all that was sent to the alarm topic, and the summary at the end of the run.
func (e evidence) printNotes(p page) {
	for _, note := range e.alarms {
		p.printNote("alarms", note)
	}
	if n := len(e.reports); n > 0 {
		p.printNote("reports", e.reports[n-1])
	}
}

func (e evidence) printFindings(p page) {
	p.printf("\n%s\n", p.paint(bold, "The rules, as seen from AWS's side:"))
	for _, f := range e.findings {
		if len(f.broken) == 0 {
			p.printf("  %s      %-50s  %s\n", p.paint(green, "ok"), f.rule, f.seen)
			continue
		}
		p.printf("  %s  %-50s  %s\n", p.paint(red, "BROKEN"), f.rule, times(len(f.broken)))
		for _, b := range f.broken[:min(len(f.broken), mostLines)] {
			p.printf("%10s%s\n", "", plainly(b))
		}
		if more := len(f.broken) - mostLines; more > 0 {
			p.printf("%10sand %d more\n", "", more)
		}
	}
}

func times(n int) string {
	if n == 1 {
		return "once:"
	}
	return fmt.Sprintf("%d times, such as:", n)
}

// violation is how sim.Watch writes one: the rule, what happened, and the call of AWS by which it
// was seen.
var violation = regexp.MustCompile(`^R[0-9/R]+: (.*), by ([0-9:]+)\.[0-9]+ .* (\S+)$`)

// plainly puts a violation of a rule into the order in which the demo tells everything: when, who,
// what.
func plainly(broken string) string {
	m := violation.FindStringSubmatch(broken)
	if m == nil {
		return broken
	}
	return fmt.Sprintf("%s  %s  %s", m[2], m[3], m[1])
}

// printTraffic ends with the line for which the demo is made.
func printTraffic(p page, t loadenv.Tally) {
	if t.Failed > 0 {
		p.printf("\nWhy requests failed:\n")
	}
	for _, reason := range slices.Sorted(maps.Keys(t.Reasons)) {
		p.printf("%6d × %s\n", t.Reasons[reason], reason)
	}
	c := green
	if t.Failed > 0 {
		c = red
	}
	p.printf("\n%s\n", p.paint(c, fmt.Sprintf("requests %d, failed %d", t.Requests, t.Failed)))
}
