package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden file anew")

// TestProgress plays what go test says, with a clock of its own.
func TestProgress(t *testing.T) {
	events, err := os.ReadFile(filepath.Join("testdata", "events.txt"))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	var out bytes.Buffer
	p := &progress{out: &out, name: "raced", began: now}
	p.begin([]string{"-race", "./..."})
	for line := range strings.Lines(string(events)) {
		if wait, is := strings.CutPrefix(strings.TrimSpace(line), "beat after "); is {
			d, err := time.ParseDuration(wait)
			if err != nil {
				t.Fatal(err)
			}
			now = now.Add(d)
			p.beat(now)
			continue
		}
		var e event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		p.see(e)
	}
	p.end(now.Add(time.Second), false)

	path := filepath.Join("testdata", "shown.txt")
	if *update {
		if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if out.String() != string(want) {
		t.Errorf("it shows:\n%s", out.String())
	}
}

// run tests a module of one package with the real go test.
func run(t *testing.T, code string) (ok bool, shown string) {
	t.Helper()
	folder := t.TempDir()
	files := map[string]string{
		"go.mod": "module example\n\ngo 1.26\n", "a_test.go": "package a\n" + code,
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("GOFLAGS", "-vet=off")
	t.Setenv("GOWORK", "off")
	var out bytes.Buffer
	p := &progress{out: &out, name: "x", began: time.Now()}
	ok, err := test(context.Background(), p, folder, []string{"./..."})
	if err != nil {
		t.Fatal(err)
	}
	return ok, out.String()
}

// TestExitStatusAndFailuresAreKept: what fails fails here as well, and is shown whole.
func TestExitStatusAndFailuresAreKept(t *testing.T) {
	const head = "import \"testing\"\n"
	for name, c := range map[string]struct {
		code string
		ok   bool
		want []string
	}{
		"all pass": {head + `func TestA(t *testing.T) { t.Log("quiet") }`, true,
			[]string{`x +go test ./...`, `x +ok +example`,
				`x +all passed in [0-9]+s: 1 packages with tests, 0 without\n$`}},
		"one fails": {head + `func TestA(t *testing.T) { t.Log("quiet") }
			func TestB(t *testing.T) {
				t.Log("said before")
				t.Run("c", func(t *testing.T) { t.Error("wrong") })
			}`, false,
			[]string{`said before`, `wrong`, `--- FAIL: TestB/c`, `x +FAILED after [0-9]+s: example\n$`}},
		"one panics": {head + `func TestA(t *testing.T) { panic("oh") }`, false,
			[]string{`panic: oh`, `goroutine [0-9]+`, `x +FAILED after [0-9]+s: example\n$`}},
		"one ends the process": {"import \"os\"\n" + head +
			`func TestA(t *testing.T) { t.Log("at last"); os.Exit(3) }`, false,
			[]string{`at last`, `x +FAILED after [0-9]+s: example\n$`}},
		"it doesn't compile": {`func f() { nothing() }`, false,
			[]string{`undefined: nothing`, `build failed`, `x +FAILED after [0-9]+s: example\n$`}},
	} {
		t.Run(name, func(t *testing.T) {
			ok, shown := run(t, c.code)
			if ok != c.ok {
				t.Errorf("passed: %t", ok)
			}
			for _, want := range c.want {
				if !regexp.MustCompile(want).MatchString(shown) {
					t.Errorf("%q is missing:\n%s", want, shown)
				}
			}
			if strings.Contains(shown, "quiet") || strings.Contains(shown, "=== RUN") {
				t.Errorf("it tells what a test that passed has said:\n%s", shown)
			}
		})
	}
}

// TestStoppedIsNotFailed: who presses Ctrl-C isn't told of failures that there are none of.
func TestStoppedIsNotFailed(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	var out bytes.Buffer
	p := &progress{out: &out, name: "x", began: time.Now()}
	p.begin(nil)
	stop()
	follow(ctx, p, strings.NewReader(`{"Action":"fail","Package":"quickstep/tests/sim","Elapsed":1}`+"\n"))
	if shown := out.String(); strings.Contains(shown, "FAIL") {
		t.Errorf("it shows:\n%s", shown)
	}
}

func TestManyPackagesAreCounted(t *testing.T) {
	for args, want := range map[string]string{
		"-race ./...":       "-race ./...",
		"-race a b c d e":   "-race a b c d e",
		"-race a b c d e f": "-race a b c d e and 1 more",
	} {
		if got := brief(strings.Fields(args)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
