package report_test

import (
	"testing"
	"time"

	"quickstep/shared/report"
)

// At the same four times of each day, on the days on which the clocks change too.
func TestFourOpeningsADayAreNotOften(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		every int // hours, by the clock on the wall
		want  bool
	}{{"every six hours", 6, false}, {"every four hours", 4, true}} {
		for _, date := range []time.Time{
			time.Date(2026, 1, 7, 0, 0, 0, 0, berlin), time.Date(2026, 3, 29, 0, 0, 0, 0, berlin),
			time.Date(2026, 10, 25, 0, 0, 0, 0, berlin),
		} {
			for at := 0; at < 24; at += c.every {
				opens := time.Date(date.Year(), date.Month(), date.Day(), at, 0, 0, 0, berlin)
				var all []report.Execution
				for back := c.every; back <= 72; back += c.every {
					began := time.Date(date.Year(), date.Month(), date.Day(), at-back, 0, 20, 0, berlin)
					all = append(all, report.Execution{Started: began})
				}
				if got := report.OpensOften(all, opens); got != c.want {
					t.Errorf("%s, at %s: often %t, want %t", c.name, opens, got, c.want)
				}
			}
		}
	}
}

// That a window doesn't reboot is said if none of its tasks does, as far as that is known.
func TestAWindowRebootsNothingIfNoTaskOfItMay(t *testing.T) {
	task := func(does, option string) report.WindowTask {
		return report.WindowTask{Does: does, Reboot: option}
	}
	never, needed := task(report.DoesInstall, report.NoReboot), task(report.DoesInstall, report.RebootIfNeeded)
	for _, c := range []struct {
		name  string
		tasks []report.WindowTask
		want  string
	}{
		{"it installs", []report.WindowTask{never}, report.NoReboot},
		{"it scans as well", []report.WindowTask{never, task(report.DoesScan, "")}, report.NoReboot},
		{"it restarts as well", []report.WindowTask{never, task(report.DoesRestart, "")}, ""},
		{"who knows", []report.WindowTask{task(report.DoesUnknown, ""), never}, ""},
		{"it reboots, whatever else", []report.WindowTask{needed, task(report.DoesUnknown, "")},
			report.RebootIfNeeded},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := report.Reboot(c.tasks); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// What a task gives its document costs a call: it is read where it can make a difference.
func TestOnlyOfDocumentsThatMayInstallParametersMatter(t *testing.T) {
	for document, want := range map[string]bool{
		"AWS-RunPatchBaseline": true, "Acme-Patch": true,
		"AWS-UpdateSSMAgent": false, "AWS-StopEC2Instance": false, "AWS-FindWindowsUpdates": false, "Acme-Other": false,
	} {
		if got := report.MayInstall(document, []string{"Acme-Patch"}); got != want {
			t.Errorf("%s: %t, want %t", document, got, want)
		}
	}
}
