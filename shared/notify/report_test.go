package notify_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"quickstep/shared/notify"
)

// ofWindow is a report of a window that opens in ten hours.
func ofWindow(change func(*notify.Report)) notify.Report {
	r := notify.Report{ID: "mw-0123456789abcdef0-20260105T1400Z", Until: now.Add(10 * time.Hour),
		Window: &notify.Window{
			ID:    "mw-0123456789abcdef0",
			Name:  "web-patches",
			Zone:  "Europe/Berlin",
			Opens: now.Add(10 * time.Hour),
		},
		Again: notify.Survey{Windows: []string{"mw-0123456789abcdef0"}}}
	if change != nil {
		change(&r)
	}
	return r
}

func second(r *notify.Report) {
	r.ID, r.Second, r.Until = r.ID+"-after", true, now.Add(36*time.Hour)
}

// ofInstances is a report of instances by their tag.
func ofInstances() notify.Report {
	return notify.Report{ID: "report-5f0c", Until: now.Add(24 * time.Hour),
		Again: notify.Survey{
			Tags:   map[string]string{"Patch Group": "web & <db>"},
			States: []string{"Failed", "Missing"},
		}}
}

// gaps are so many, every second of an instance with a name.
func gaps(n int) (all []notify.Gap) {
	for k := range n {
		g := notify.Gap{Instance: fmt.Sprintf("i-%017x", k), Reason: "list its patches: AccessDenied"}
		if k%2 == 1 {
			g.Name = fmt.Sprintf("web-%d", k)
		}
		all = append(all, g)
	}
	return all
}

func TestReport(t *testing.T) {
	opened := now.Add(10 * time.Hour)
	const denied = "list patches: AccessDenied: not authorized to perform ssm:DescribeInstancePatches"
	for _, c := range []struct {
		name string // the golden file's
		note notify.Note
	}{
		{"survey refused", notify.SurveyRefused(`{"scheduled":"2026-01-05T04:00:00Z","lead":"1m"}`, now, errors.New("lead: 1m is out of bounds; give 2h to 336h"))},
		{"a window unreported", notify.WindowsUnreported([]error{errors.New("window mw-0123456789abcdef0: it doesn't exist")}, now)},
		{"windows unreported", notify.WindowsUnreported([]error{errors.New("window mw-0123456789abcdef0: it doesn't exist"), errors.New(denied)}, now)},
		{"report, one gap", notify.ReportGaps(ofWindow(nil), gaps(1), 12, now)},
		{"report, more gaps than a person reads", notify.ReportGaps(ofWindow(second), gaps(42), 1200, now)},
		{"report, trouble", notify.ReportTrouble(ofWindow(nil), "scanning", false, denied, now)},
		{"report, trouble with sending", notify.ReportTrouble(ofWindow(func(r *notify.Report) { r.Parts, r.Sent = 5, 2 }), "send", true, denied, now)},
		{"no report", notify.ReportFailed(ofWindow(nil), denied, now)},
		{"no report, and the window has opened", notify.ReportFailed(ofWindow(nil), denied, opened)},
		{"no report of a window without an opening", notify.ReportFailed(ofWindow(func(r *notify.Report) { r.Window.Opens = time.Time{} }), denied, now)},
		{"no second report", notify.ReportFailed(ofWindow(second), denied, opened)},
		{"no second report, and its first is kept", notify.ReportFailed(ofWindow(func(r *notify.Report) {
			second(r)
			r.Again = notify.Survey{First: "mw-0123456789abcdef0-20260105T1400Z"}
		}), denied, opened)},
		{"no report of instances", notify.ReportFailed(ofInstances(), denied, now)},
		{"half a report", notify.ReportFailed(ofWindow(func(r *notify.Report) { r.Parts, r.Sent, r.InDoubt = 5, 2, true }), denied, now)},
	} {
		t.Run(c.name, func(t *testing.T) { golden(t, c.note) })
	}
}

// A thousand ids are more than one text from outside may have; to copy them, people need all.
func TestTheRequestInAMailIsWhole(t *testing.T) {
	r := ofInstances()
	r.Again = notify.Survey{}
	for _, g := range gaps(1000) {
		r.Again.InstanceIDs = append(r.Again.InstanceIDs, g.Instance)
	}
	n := notify.ReportFailed(r, "x", now)
	if want := strings.Join(r.Again.InstanceIDs, `","`); !strings.Contains(n.Text, want) {
		t.Errorf("the ids aren't all in\n%s", n.Text)
	}
}

func TestATextThatSNSDoesNotTakeLosesItsEndAndSaysSo(t *testing.T) {
	var all []error
	for range 300 {
		all = append(all, errors.New(strings.Repeat("x", 1000)))
	}
	n := notify.WindowsUnreported(all, now)
	if len(n.Text) > notify.MaxText || len(n.Text) < notify.MaxText-2000 ||
		!strings.HasSuffix(n.Text, "lines more than a message can hold.\n") {
		t.Errorf("%d bytes, it ends with %q", len(n.Text), n.Text[len(n.Text)-200:])
	}
}

func TestARepeatedNoteSaysSoFirst(t *testing.T) {
	n := notify.Note{Subject: "Quickstep: x", Text: "y\n"}.Repeat()
	if n.Subject != "Repeated: Quickstep: x" || !strings.HasPrefix(n.Text, "REPEATED: ") ||
		!strings.HasSuffix(n.Text, "\n\ny\n") {
		t.Errorf("%q\n%s", n.Subject, n.Text)
	}
}
