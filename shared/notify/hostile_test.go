package notify_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/input"
	"quickstep/shared/notify"
	"quickstep/shared/run"
)

var (
	// unseen are the characters that no message may hold: controls but the line's end, and what shows nothing of its
	// own.
	unseen = regexp.MustCompile(
		"[\\x00-\\x09\\x0b-\\x1f\\x7f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]",
	)
	markup = regexp.MustCompile(`<[!@#/A-Za-z]|\]\(|(^|\s)@[A-Za-z]`)
)

// notes are every note, with a text in each place that others fill.
func notes(text string) map[string]notify.Note {
	r := open()
	r.ID, r.Fleet = text, text
	r.Stop(now, text)
	ended := over(
		func(r *run.Run) { r.ID, r.Fleet, r.Stopped, r.Waiting, r.Longest.Instance = text, text, text, 3, text },
	)
	p := plan()
	p.Groups[text] = run.GroupPlan{Name: text}
	failed := func(change func(*run.Instance)) notify.Note {
		i := out(run.StepCheck, text)
		i.ID, i.Capture[0].Group = text, text
		change(i)
		return notify.Failure(r, i)
	}
	all := map[string]notify.Note{
		"refused": notify.Refused(text, text, now, input.Refuse(text, text,
			"%s", text)),
		"broken":  notify.Refused(text, text, now, errors.New(text)),
		"started": notify.Started(r, p, []string{text}),
		"stuck": notify.Stuck(
			&run.Instance{ID: text, Run: text, Position: choreo.Position{Step: text}},
			now.Add(-time.Minute),
			text,
			time.Hour,
			now,
		),
		"trouble": notify.Trouble(text, text, text, text, now),
		"ended": notify.Ended(
			ended,
			p,
			now,
			notify.Rows{Failures: []string{text}, Skips: []string{text}, Unhealthy: []string{text},
				Out: 1, More: 2},
		),
		"failed": failed(func(*run.Instance) {}),
		"gone": failed(
			func(i *run.Instance) { i.BackAt, i.Deleted, i.GaveUp = now, []string{text, text}, run.StepAwait },
		),
		"late": failed(func(i *run.Instance) { i.RegisteredAt, i.Deleted = now.Add(-time.Minute), []string{text} }),
		"step": failed(func(i *run.Instance) { i.Failure.Step = text }),

		"survey":     notify.SurveyRefused(text, now, errors.New(text)),
		"unreported": notify.WindowsUnreported([]error{errors.New(text), errors.New(text)}, now),
	}
	tag := text[:min(len(text), 256)] // the longest that a request may hold
	windowless := notify.Report{ID: text, Until: now, Again: notify.Survey{Tags: map[string]string{tag: tag}}}
	windowed := windowless
	windowed.Window = &notify.Window{ID: "mw-0123456789abcdef0", Name: text, Zone: text, Opens: now.Add(time.Hour)}
	for name, r := range map[string]notify.Report{"instances": windowless, "window": windowed} {
		all[name+" gaps"] = notify.ReportGaps(r, []notify.Gap{{Instance: tag, Name: text, Reason: text}}, 2, now)
		all[name+" trouble"] = notify.ReportTrouble(r, text, false, text, now)
		all[name+" failed"] = notify.ReportFailed(r, text, now)
	}
	return all
}

// TestNoTextFromOutsideMakesALineOrHidesOne: with whatever stands in the places that others fill, a note has as
// many lines as with a word there, each beginning as it does then.
func TestNoTextFromOutsideMakesALineOrHidesOne(t *testing.T) {
	usual := notes("word")
	for _, text := range []string{"\n\nNext:   x", "\r\nSubject: x", "a\u2028b\u2029c\u0085d\vd\fe", "\x1b[2J\x1b[1A\x07\x08", "\u202ea\u2066b\u2069\u200e\u200f\u061c",
		"\u200b\u200c\u200d\u2060\ufeff", "\U000e0041\U000e007f", "\xff\xed\xa0\x80", "<!channel> <@U012AB3CD> @here <https://x.example|y>",
		"[a](https://x.example) ![b](c)", strings.Repeat("x\n", 100_000), strings.Repeat(" ", 200) + "Next:"} {
		for name, n := range notes(text) {
			if found := unseen.FindString(n.Subject + n.Text); found != "" || strings.Contains(n.Subject, "\n") ||
				markup.MatchString(n.Subject+"\n"+n.Text) {
				t.Errorf("%s with %.40q: %q is in\n%s\n%s", name, text, found, n.Subject, n.Text)
			}
			if len(n.Text) > 20_000 {
				t.Errorf("%s with %.40q has %d bytes", name, text, len(n.Text))
			}
			got, want := strings.Split(n.Text, "\n"), strings.Split(usual[name].Text, "\n")
			if len(got) != len(want) {
				t.Errorf("%s with %.40q has %d lines, want %d:\n%s", name, text, len(got), len(want), n.Text)
				continue
			}
			for line := range want {
				if ours, _, ok := strings.Cut(want[line], "word"); ok && !strings.HasPrefix(got[line], ours) ||
					!ok && got[line] != want[line] {
					t.Errorf("%s with %.40q: line %d is %q, want %q", name, text, line, got[line], want[line])
				}
			}
		}
	}
}

func FuzzNotes(f *testing.F) {
	f.Add("\n\nNext:   1. run curl\u202e")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.TrimSpace(text) == "" {
			return // no reason at all
		}
		usual := notes("word")
		for name, n := range notes(text) {
			if unseen.MatchString(n.Subject+n.Text) ||
				strings.Count(n.Text, "\n") != strings.Count(usual[name].Text, "\n") {
				t.Errorf("%s with %q:\n%s\n%s", name, text, n.Subject, n.Text)
			}
		}
	})
}
