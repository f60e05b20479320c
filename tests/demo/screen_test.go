package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/run"
	"quickstep/tests/loadenv"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares what was printed with a file below testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s isn't what was printed (go test ./tests/demo -update writes it anew):\n%s", path, got)
	}
}

const impaired = "not started after 15 checks, 5m11s after the reboot: EC2: instance status impaired"

// night is a short run as the screen gets to see it: before it, in the middle, when one fails, at
// its end.
func night() (views []view, traffic []loadenv.Tally) {
	at := func(d time.Duration) time.Time { return sim.Began.Add(d) }
	row := func(n int, step string, since time.Duration, attempt int, reason string) run.Instance {
		return run.Instance{ID: sim.ID(n), LeftAt: at(10 * time.Second),
			Position: choreo.Position{Step: step, Since: at(since), Attempt: attempt, Reason: reason}}
	}
	done := row(1, run.Done, 200*time.Second, 0, "")
	done.BackAt = at(200 * time.Second)
	failed := row(2, run.Failed, 400*time.Second, 0, impaired)
	failed.GaveUp = run.StepCheck
	opened := run.Run{Total: 3, Opened: sim.Began}
	ended := opened
	ended.Ended = at(700 * time.Second)
	waiting := run.Instance{ID: sim.ID(3), Position: choreo.Position{Step: run.StepWaiting}}
	skipped := run.Instance{ID: sim.ID(3)}
	skipped.Position = choreo.Position{Step: run.Skipped, Reason: "the run was cancelled"}
	for _, v := range []view{
		{run: opened,
			rows:  []run.Instance{row(1, run.StepDrain, 0, 0, ""), row(2, run.StepDrain, 0, 0, ""), waiting},
			lines: []string{"     0s  SNS, topic report    Quickstep: reboot of 3 instances begins, fleet web"}},
		{at: 310 * time.Second, run: opened,
			rows: []run.Instance{done,
				row(2, run.StepCheck, 265*time.Second, 2, "HTTP: connection refused"),
				row(3, run.StepReboot, 300*time.Second, 0, "")},
			lines: []string{"  3m20s  i-00000000000000001  done     in service again; 1/3 done, 2 out, 0 failed"}},
		{at: 400 * time.Second, run: opened,
			rows: []run.Instance{done, failed, row(3, run.StepAwait, 390*time.Second, 1, "web: initial")},
			lines: []string{
				"  6m40s  i-00000000000000002  failing  gave up: " + impaired,
				"  6m40s  SNS, topic alarm     Quickstep: i-00000000000000002 FAILED at check, fleet web"}},
		{at: 700 * time.Second, run: ended, rows: []run.Instance{done, failed, skipped}, quiet: true},
	} {
		v.now = at(v.at)
		views = append(views, v)
	}
	return views, []loadenv.Tally{{}, {Requests: 2066}, {Requests: 2666, Failed: 1}, {Requests: 4000, Failed: 1}}
}

func TestScreen(t *testing.T) {
	for name, terminal := range map[string]bool{"terminal.txt": true, "plain.txt": false} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			s := newScreen(page{out: &out, color: terminal}, terminal)
			views, traffic := night()
			for n, v := range views {
				s.show(v, traffic[n])
			}
			s.close()
			golden(t, name, strings.ReplaceAll(out.String(), "\x1b", "ESC"))
			for line := range strings.Lines(out.String()) {
				shown := strings.NewReplacer(clearLine, "", clearBelow, "", "\n", "").Replace(line)
				if width(shown) > columns {
					t.Errorf("wider than %d columns: %q", columns, line)
				}
			}
			if !terminal && strings.Contains(out.String(), "\x1b") {
				t.Error("control sequences where there is no terminal")
			}
		})
	}
}

// TestTableIsDrawnInPlace plays the terminal: what stands there at the end is the last table, once,
// below what has scrolled by.
func TestTableIsDrawnInPlace(t *testing.T) {
	var out bytes.Buffer
	s := newScreen(page{out: &out}, true)
	views, traffic := night()
	for n, v := range views {
		s.show(v, traffic[n])
	}
	var rows []string
	at := 0
	drawn := strings.TrimSuffix(strings.TrimPrefix(out.String(), hideCursor+cutLines), clearBelow)
	for line := range strings.Lines(drawn) {
		line = strings.TrimPrefix(line, clearBelow)
		for up := 9; up > 0; up-- { // a table of three instances has eight lines
			if rest, found := strings.CutPrefix(line, "\x1b["+string(rune('0'+up))+"A"); found {
				line, at = rest, at-up
			}
		}
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), clearLine)
		rows = append(rows[:at], append([]string{line}, rows[min(at+1, len(rows)):]...)...)
		at++
	}
	want := append([]string{views[0].lines[0], views[2].lines[1]}, s.draw(views[3], traffic[3])...)
	if got := strings.Join(rows, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("the terminal shows:\n%s", got)
	}
}

func TestDrawable(t *testing.T) {
	for name, c := range map[string]struct {
		env  map[string]string
		want bool
	}{
		"a terminal":              {map[string]string{"TERM": "xterm-256color"}, true},
		"no terminal is named":    {nil, false},
		"a dumb one":              {map[string]string{"TERM": "dumb"}, false},
		"somebody wants no color": {map[string]string{"TERM": "xterm", "NO_COLOR": "1"}, false},
		"a CI job":                {map[string]string{"TERM": "xterm", "CI": "true"}, false},
	} {
		if got := drawable(func(key string) string { return c.env[key] }); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if interactive(file, func(string) string { return "xterm" }) {
		t.Error("a file counts as a terminal")
	}
}

func TestWrap(t *testing.T) {
	for name, c := range map[string]struct{ line, want string }{
		"a short line stays":                    {"  short", "  short"},
		"words go below the last column":        {"Why:  one two three", "Why:  one two\n      three"},
		"a line without columns isn't moved in": {"one two three four five", "one two three\nfour five"},
		"a list is moved in as its first line":  {"  1. one two three four", "  1. one two\n  three four"},
		"a word that is too long stays whole":   {`run {"command":"release"} now`, "run\n{\"command\":\"release\"}\nnow"},
		"colors have no width":                  {"\x1b[1mone two\x1b[0m three", "\x1b[1mone two\x1b[0m three"},
	} {
		if got := strings.Join(wrap(c.line, 14), "\n"); got != c.want {
			t.Errorf("%s:\n%s", name, got)
		}
	}
}

func TestOptions(t *testing.T) {
	for args, want := range map[string]string{
		"-break nonsense": `BREAK is "nonsense"; it must be drain, or be left out`,
		"-seed abc":       `SEED is "abc"; it must be a whole number from 1 on, such as 7`,
		"-seed 0":         `SEED is "0"; it must be a whole number from 1 on, such as 7`,
		"-seed -1":        `SEED is "-1"; it must be a whole number from 1 on, such as 7`,
		"drain":           `"drain" is no option; there are -break, -seed, -log and -record`,
		"-speed 3":        `flag provided but not defined: -speed; there are -break, -seed, -log and -record`,
		"-help":           `usage: demo [-break drain] [-seed number] [-log file] [-record file]`,
	} {
		if _, err := parse(strings.Fields(args)); err == nil || err.Error() != want {
			t.Errorf("%s: %v", args, err)
		}
	}
	o, err := parse(strings.Fields("-break drain -seed 7"))
	if err != nil || !o.undrained || o.seed != 7 {
		t.Errorf("%+v %v", o, err)
	}
	if o, err = parse(nil); err != nil || o.undrained || o.seed != usualSeed {
		t.Errorf("%+v %v", o, err)
	}
}

func TestReportHasItsHeadOnTheScreenAndTheRestInAFile(t *testing.T) {
	head := "What is missing: " + strings.Repeat("much and ", 20) + "more.\n\nWindow:  web\nOpens:   tomorrow\n"
	rest := "\nBy instance:\n" + strings.Repeat("  i-1: a patch\n", 40)
	sent := []world.Note{
		{Subject: "3 patches, 1 of 2", Text: head + rest}, {Subject: "3 patches, 2 of 2", Text: "The end.\n"},
	}
	folder := filepath.Join(t.TempDir(), "made", "by", "it")
	var out bytes.Buffer
	if err := (page{out: &out}).printReport(sent, folder); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, reportFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := "Subject: 3 patches, 1 of 2\n\n" + head + rest + "\nSubject: 3 patches, 2 of 2\n\nThe end.\n"
	if string(text) != want {
		t.Errorf("the file:\n%s", text)
	}
	shown := out.String()
	if !strings.Contains(shown, "  | Opens:   tomorrow\n") || strings.Contains(shown, "By instance") {
		t.Errorf("it isn't the head:\n%s", shown)
	}
	if !strings.Contains(shown, "… and 42 lines more:") || !strings.Contains(shown, path) {
		t.Errorf("it doesn't say where the rest is:\n%s", shown)
	}
	for line := range strings.Lines(strings.ReplaceAll(shown, path, "")) {
		if width(strings.TrimRight(line, "\n")) > columns {
			t.Errorf("wider than %d columns: %q", columns, line)
		}
	}
}

func TestReportIsKeptElsewhereIfTheFolderCannotBe(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	inTheWay := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(inTheWay, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	path, err := keep(inTheWay, []world.Note{{Subject: "s", Text: "t\n"}})
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "Subject: s\n\nt\n" {
		t.Errorf("%q %v", text, err)
	}
}

// TestFolderIsIgnoredByGit: the same command on a fresh clone leaves git status clean.
func TestFolderIsIgnoredByGit(t *testing.T) {
	root := filepath.Join("..", "..")
	ignored, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	if err != nil {
		t.Fatal(err)
	}
	root, err = filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	path, err := filepath.Rel(root, folder())
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(filepath.ToSlash(path), "/")
	if !strings.Contains("\n"+string(ignored), "\n/"+first+"/\n") {
		t.Errorf(".gitignore has no line /%s/", first)
	}
}

func TestRecording(t *testing.T) {
	now := sim.Began
	r := newRecording(func() time.Time { return now })
	views, traffic := night()
	for n, v := range views {
		r.show(v, traffic[n])
		now = now.Add(400 * time.Millisecond) // the second and third are too early, the last isn't
	}
	path := filepath.Join(t.TempDir(), "demo.json")
	e := evidence{requests: traffic[3], findings: []finding{{rule: "it holds", seen: "often"}}}
	if err := r.save(path, e); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var read recording
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	final, last := map[int]string{}, 0
	moments := map[float64]bool{}
	for _, c := range read.Changes {
		final[c.Row], last = c.Text, max(last, c.Row)
		moments[c.Seconds] = true
	}
	if len(moments) != 3 || !moments[0] || !moments[1.2] || !moments[2.2] {
		t.Errorf("looked at: %v", moments)
	}
	for n, line := range (page{color: true}).draw(views[3], traffic[3]) {
		if final[n] != line {
			t.Errorf("row %d ends as %q, not %q", n, final[n], line)
		}
	}
	if !strings.Contains(final[last], "requests 4000, failed 1") {
		t.Errorf("it ends with %q", final[last])
	}
}

func TestLongestOutageIsExplained(t *testing.T) {
	at := func(seconds float64) time.Time { return sim.Began.Add(time.Duration(seconds * float64(time.Second))) }
	came := func(n int, asked, answers, registered, back float64) ending {
		i := run.Instance{ID: sim.ID(n), LeftAt: at(0), RebootAskedAt: at(asked)}
		i.RegisteredAt, i.BackAt = at(registered), at(back)
		return ending{Instance: i, boots: 1, answers: at(answers)}
	}
	unmanaged := came(1, 124, 172, 424, 440)
	unmanaged.Boot.Unreadable = true
	never := came(2, 124, 0, 0, 0)
	never.RegisteredAt, never.BackAt = time.Time{}, time.Time{}
	for name, c := range map[string]struct {
		rows      []ending
		who       int
		sum, part string
	}{
		"no boot id": {[]ending{came(3, 124, 170, 180, 196), unmanaged, never}, 1,
			"drain 2m4s + reboot 48s + check 4m12s + health 16s", "4m12s, was the check: no boot id"},
		"a slow start": {[]ending{came(3, 124, 470, 480, 496)}, 3,
			"drain 2m4s + reboot 5m46s + check 10s + health 16s", "5m46s, was the reboot: that"},
		"a long drain": {[]ending{came(3, 300, 340, 350, 366)}, 3,
			"drain 5m + reboot 40s + check 10s + health 16s", "5m, was the drain: its target groups"},
		"a long check": {[]ending{came(3, 10, 40, 350, 366)}, 3,
			"drain 10s + reboot 30s + check 5m10s + health 16s", "5m10s, was the check: that"},
		"a long wait for health": {[]ending{came(3, 10, 40, 50, 366)}, 3,
			"drain 10s + reboot 30s + check 10s + health 5m16s", "5m16s, was the health: that"},
		"halves of seconds": {[]ending{came(3, 124.5, 170.6, 180.4, 196.5)}, 3,
			"drain 2m5s + reboot 46s + check 9s + health 17s", "2m5s, was the drain"},
		"never seen down": {[]ending{came(3, 124, 20, 180, 196)}, 3,
			"drain 2m4s + reboot 0s + check 56s + health 16s", "2m4s, was the drain"},
	} {
		t.Run(name, func(t *testing.T) {
			r, found := longest(c.rows)
			if !found || r.ID != sim.ID(c.who) {
				t.Fatalf("longest is %s", r.ID)
			}
			sum, why := r.explain()
			if sum != c.sum || !strings.Contains(why, c.part) {
				t.Errorf("%s. %s", sum, why)
			}
			var whole time.Duration
			for _, p := range r.parts() {
				whole += p.took
			}
			if run.Span(whole) != r.outFor() {
				t.Errorf("the parts add up to %s, the whole is %s", run.Span(whole), r.outFor())
			}
		})
	}
	if _, found := longest([]ending{never}); found {
		t.Error("one that never came back has no end that could be explained")
	}
}

func TestVerdictIsPrinted(t *testing.T) {
	at := func(d time.Duration) time.Time { return sim.Began.Add(d) }
	rows := asExpected()[2:4]
	rows[0].LeftAt, rows[0].RebootAskedAt, rows[0].answers = at(0), at(124*time.Second), at(169*time.Second)
	rows[0].StartedAt, rows[0].RegisteredAt = at(175*time.Second), at(175*time.Second)
	rows[0].BackAt = at(190 * time.Second)
	rows[0].Checks = 1
	rows[1].LeftAt, rows[1].EndedAt, rows[1].Checks = at(0), at(436*time.Second), 15
	rows[1].Position.Reason = impaired
	rebooted := func(who string) string {
		return "R1: it was rebooted without having left, by 13:53:18.242 reboot    ec2.Reboot " + who
	}
	e := evidence{
		requests: loadenv.Tally{Requests: 9473, Failed: 162,
			Reasons: map[string]int{"status 502: the target refused the connection": 162}},
		rows: rows, undrained: true,
		alarms: []world.Note{
			{
				Subject: "Quickstep: " + sim.ID(lost) + " FAILED at check, fleet web",
				Text:    "Instance " + sim.ID(lost) + " failed.\n",
			}},
		reports: []world.Note{
			{Subject: "begins"}, {Subject: "Quickstep: 1 FAILED, reboot of fleet web ended", Text: "Done:  1 of 2\n"}},
		findings: []finding{
			{rule: "never more than 3 instances out of service", seen: "0 out at most", broken: []string{
				rebooted("i-1"), rebooted("i-2"), rebooted("i-3"), rebooted("i-4")}},
			{rule: "each target group keeps 6 healthy targets", seen: "web 9 at least, api 9"},
			{rule: "nothing else is wrong", broken: []string{"R8: a message is left in queue drain: {}"}},
		},
	}
	var out bytes.Buffer
	e.print(page{out: &out})
	golden(t, "verdict.txt", out.String())
}

func TestIntroduction(t *testing.T) {
	var out bytes.Buffer
	introduce(page{out: &out}, true)
	golden(t, "introduction.txt", out.String())
	for line := range strings.Lines(out.String()) {
		if width(strings.TrimRight(line, "\n")) > columns {
			t.Errorf("wider than %d columns: %q", columns, line)
		}
	}
}
