package report_test

import (
	"testing"
	"time"

	"quickstep/shared/input"
	"quickstep/shared/report"
)

func TestAScheduledReportIsDueWithinItsLead(t *testing.T) {
	const lead = 24 * time.Hour
	for _, c := range []struct {
		name     string
		opensIn  time.Duration
		disabled bool
		byHand   bool
		want     string
	}{
		{"within its lead", lead, false, false, ""},
		{"before", lead + time.Hour, false, false,
			"not due: it opens in 25h, the report is made 24h before"},
		{"it has opened", 0, false, false, "it has opened"},
		{"it is disabled", time.Hour, true, false, "it is disabled"},
		{"by hand, whenever", 99 * lead, true, true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := report.Request{Lead: input.Duration(lead), Scheduled: opensAt}
			if c.byHand {
				q.Scheduled = time.Time{}
			}
			w := report.Window{ID: "mw-1", Enabled: !c.disabled}
			if got := q.NotDue(w, opensAt, opensAt.Add(-c.opensIn)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	q := report.Request{Lead: input.Duration(lead), Scheduled: opensAt}
	if got := q.NotDue(report.Window{Enabled: true}, time.Time{}, opensAt); got != "it isn't going to open" {
		t.Errorf("of a window without a next execution it says %q", got)
	}
}

func TestAReportOfAWindowIsMadeOnceForEachExecution(t *testing.T) {
	w := report.Window{ID: "mw-1", Name: "web\n", Hours: 2, Enabled: true}
	now := opensAt.Add(-time.Hour)
	scheduled := report.Request{ID: "a", Scheduled: now}
	later := report.Request{ID: "b", Scheduled: now.Add(time.Hour)}
	first := scheduled.OfWindow(w, opensAt, now)
	if again := later.OfWindow(w, opensAt, now.Add(time.Hour)); first.ID != again.ID {
		t.Errorf("one execution has the reports %s and %s", first.ID, again.ID)
	}
	if next := later.OfWindow(w, opensAt.AddDate(0, 0, 7), now); first.ID == next.ID {
		t.Errorf("two executions share the report %s", first.ID)
	}
	one, other := report.Request{ID: "a"}, report.Request{ID: "b"}
	if a, b := one.OfWindow(w, opensAt, now), other.OfWindow(w, opensAt, now); a.ID == b.ID {
		t.Errorf("two requests by hand share the report %s", a.ID)
	}
	after := first.Second()
	if closes := opensAt.Add(2 * time.Hour); !first.Window.Closes.Equal(closes) ||
		!after.Due.Equal(closes.Add(30*time.Minute)) || after.First != first.ID || first.First != "" {
		t.Errorf("it closes at %s; the second report of %q is due at %s",
			first.Window.Closes, after.First, after.Due)
	}
}
