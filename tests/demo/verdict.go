package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"quickstep/shared/run"
	"quickstep/tests/loadenv"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// evidence is what is left of a run, as AWS, its clients and people saw it.
type evidence struct {
	requests loadenv.Tally
	rows     []ending
	alarms   []world.Note
	reports  []world.Note
	patches  []world.Note // the patch report
	findings []finding

	undrained bool // draining was left out: requests must fail
}

// finding is one rule, what was seen of it, and how it was broken.
type finding struct {
	rule, seen string
	broken     []string
}

// ending is what became of an instance.
type ending struct {
	run.Instance
	boots   int
	answers time.Time // when its application answered again; zero: never
}

// evidence collects what there is, when all is over.
func (f *fleet) evidence(t loadenv.Tally) (e evidence) {
	v := f.view()
	cut, troubles := f.servers.Damage()
	f.Do(func() {
		for _, i := range v.rows {
			e.rows = append(e.rows, ending{i, f.Boots(i.ID), v.up[i.ID]})
		}
		e.requests, e.alarms = t, f.Published("alarm")
		for _, note := range f.Published("report") {
			if note.JSON != "" {
				e.patches = append(e.patches, note)
			} else {
				e.reports = append(e.reports, note)
			}
		}
		e.findings = f.judge(v, e, cut, troubles)
	})
	return e
}

// judge asks rule by rule, by the names that they have in the design.
func (f *fleet) judge(v view, e evidence, cut int, troubles []error) []finding {
	broken := f.Watch.End(sim.ID(lost))
	for _, arn := range f.ARNs {
		for n := range broken {
			broken[n] = strings.ReplaceAll(broken[n], arn, run.ShortARN(arn))
		}
	}
	of := func(rules ...string) (found []string) {
		broken = slices.DeleteFunc(broken, func(b string) bool {
			ours := slices.ContainsFunc(rules, func(r string) bool { return strings.HasPrefix(b, r) })
			if ours {
				found = append(found, b)
			}
			return ours
		})
		return found
	}
	of("R8") // the watch counts messages that have come too late as well
	for _, message := range f.pending() {
		broken = append(broken, "R8: a message is left in queue "+message)
	}
	w := &f.watched
	all := []finding{
		{fmt.Sprintf("never more than %d instances out of service", tokens),
			fmt.Sprintf("%d out at most", w.out), of("R1")},
		{fmt.Sprintf("each target group keeps %d healthy targets", runFloor),
			fmt.Sprintf("web %d at least, api %d", w.fewest["web"], w.fewest["api"]), of("R2")},
		{"no instance reboots while it can get requests", "no request cut off", of("R3")},
		{"who comes back stands where it stood, and serves", fmt.Sprintf("%d done", v.run.Done),
			append(of("R4"), ends(e.rows)...)},
		{"alarms and rules are muted, and end as they began",
			fmt.Sprintf("%s in ALARM %d×, acted %d×", fewHosts, w.alarms, len(f.Fired(fewHosts))),
			slices.Concat(of("R6:"), w.loud, f.restored())},
		{"who failed is reported, and the run's end is",
			fmt.Sprintf("%d alarm, %d reports", len(e.alarms), len(e.reports)), told(e.alarms, e.reports)},
		{"every patch and instance is in the patch report", fmt.Sprintf("%d message", len(e.patches)),
			misreported(e.patches)},
		{"locks are free, no message has anything to do", "", of("R6/R7", "R8")},
	}
	if cut > 0 {
		all[2].broken = append([]string{fmt.Sprintf("%d requests were cut off, for their instance went down", cut)},
			all[2].broken...)
	}
	for _, err := range troubles {
		broken = append(broken, err.Error())
	}
	if len(broken) > 0 {
		all = append(all, finding{rule: "nothing else is wrong", broken: broken})
	}
	return all
}

// ends says whose end isn't the one that its habits ask for: one never boots, all others do, once.
func ends(rows []ending) (wrong []string) {
	if len(rows) != size {
		wrong = append(wrong, fmt.Sprintf("the ledger knows %d instances of %d", len(rows), size))
	}
	for _, r := range rows {
		want := run.Done
		if r.ID == sim.ID(lost) {
			want = run.Failed
		}
		if r.Step != want || r.boots != 1 {
			wrong = append(
				wrong,
				fmt.Sprintf("%s ended as %s after %d reboots; it should be %s after one", r.ID, r.Step, r.boots, want),
			)
		}
	}
	return wrong
}

// told says what people should have been told and weren't.
func told(alarms, reports []world.Note) (wrong []string) {
	if len(alarms) != 1 || !strings.Contains(alarms[0].Text, sim.ID(lost)) {
		wrong = append(
			wrong,
			fmt.Sprintf("%d alarms were sent; one should have been, about %s", len(alarms), sim.ID(lost)),
		)
	}
	if len(reports) != 2 {
		wrong = append(
			wrong,
			fmt.Sprintf("%d reports were sent; one should have been at the start and one at the end", len(reports)),
		)
	}
	return wrong
}

// failed says whether a request failed or a rule was broken.
func (e evidence) failed() bool {
	return e.requests.Failed > 0 || e.requests.Requests == 0 ||
		slices.ContainsFunc(e.findings, func(f finding) bool { return len(f.broken) > 0 })
}
