package main

import (
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// event is what go test -json says, a line each (go doc test2json).
type event struct {
	Action      string
	Package     string
	ImportPath  string // of a build
	Test        string
	Output      string
	Elapsed     float64 // seconds
	FailedBuild string
}

// progress is how far a go test is.
type progress struct {
	out   io.Writer
	name  string
	began time.Time

	open    map[string]*pkg   // packages under way
	builds  map[string]string // what compiling said
	passed  int
	failed  []string
	without int // packages without tests
}

// pkg is a package under way.
type pkg struct {
	tests  map[string]*result
	order  []string // tests in the order in which they were heard of; the package itself is ""
	cached bool
}

// result is what a test has said so far.
type result struct {
	output strings.Builder
	ended  bool
	passed bool // or was skipped: nobody wants to read what it said
	paused bool
}

// marker is what only go test -v says, which -json implies.
var marker = regexp.MustCompile(`^=== (RUN|PAUSE|CONT|NAME) `)

func (p *progress) printf(format string, args ...any) {
	fmt.Fprintf(p.out, "%-12s %s\n", p.name, fmt.Sprintf(format, args...))
}

func (p *progress) begin(args []string) {
	p.open, p.builds = map[string]*pkg{}, map[string]string{}
	p.printf("go test %s: compiles first; each package is told as it ends", brief(args))
}

// brief are the arguments in a line that can be read: many packages are counted.
func brief(args []string) string {
	const most = 6
	text := strings.Join(args[:min(len(args), most)], " ")
	if more := len(args) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// see takes an event.
func (p *progress) see(e event) {
	if e.Action == "build-output" {
		p.builds[e.ImportPath] += e.Output
		return
	}
	if e.Package == "" {
		return
	}
	of := p.open[e.Package]
	if of == nil {
		of = &pkg{tests: map[string]*result{}}
		p.open[e.Package] = of
	}
	r := of.tests[e.Test]
	if r == nil {
		r = &result{}
		of.tests[e.Test] = r
		of.order = append(of.order, e.Test)
	}
	switch e.Action {
	case "output":
		if !marker.MatchString(e.Output) {
			r.output.WriteString(e.Output)
		}
		of.cached = of.cached || e.Test == "" && strings.Contains(e.Output, "(cached)")
	case "pause", "cont":
		r.paused = e.Action == "pause"
	case "pass", "skip", "fail":
		r.ended, r.passed = true, e.Action != "fail"
		switch {
		case e.Test == "":
			p.ended(e, of)
		case !r.passed && !strings.Contains(e.Test, "/"):
			p.printf("FAIL  %-32s %s; what it said is shown when its package ends", e.Package, e.Test)
		}
	}
}

// ended tells what became of a package, and everything that it said if it failed.
func (p *progress) ended(e event, of *pkg) {
	delete(p.open, e.Package)
	switch e.Action {
	case "skip":
		p.without++
	case "pass":
		p.passed++
		took := fmt.Sprintf("%.1fs", e.Elapsed)
		if of.cached {
			took = "(cached)"
		}
		p.printf("ok    %-32s %s", e.Package, took)
	case "fail":
		p.failed = append(p.failed, e.Package)
		// one write: the other half of make test writes to the same terminal
		said := strings.TrimSuffix(p.builds[e.FailedBuild]+of.failures(), "\n")
		p.printf("FAIL  %-32s %.1fs\n%s", e.Package, e.Elapsed, said)
	}
}

// failures is what the tests said that didn't pass, those that never ended among them: the panic or
// the time limit that ended them all is in there.
func (of *pkg) failures() string {
	var all strings.Builder
	for _, test := range of.order {
		if r := of.tests[test]; test != "" && !r.passed {
			all.WriteString(r.output.String())
		}
	}
	if own := of.tests[""]; own != nil {
		all.WriteString(own.output.String())
	}
	return all.String()
}

// most is how many names a line has room for.
const most = 3

// beat says that it is still alive, and what is under way.
func (p *progress) beat(now time.Time) {
	since := now.Sub(p.began).Round(time.Second)
	var running []string
	for _, name := range slices.Sorted(maps.Keys(p.open)) {
		running = append(running, strings.TrimPrefix(name, "quickstep/")+p.open[name].running())
	}
	under := "under way: " + strings.Join(running[:min(len(running), most)], ", ")
	if more := len(running) - most; more > 0 {
		under += fmt.Sprintf(" and %d more", more)
	}
	if len(running) == 0 {
		under = "compiling"
	}
	p.printf("%s  %s; %s", since, p.counts(), under)
}

// running is the test of a package that began last, of those that have neither ended nor stand by
// until others have.
func (of *pkg) running() string {
	for _, test := range slices.Backward(of.order) {
		r := of.tests[test]
		if test != "" && !r.ended && !r.paused && !strings.Contains(test, "/") {
			return " " + test
		}
	}
	return ""
}

func (p *progress) counts() string {
	s := fmt.Sprintf("%d ok", p.passed)
	if len(p.failed) > 0 {
		s += fmt.Sprintf(", %d FAILED", len(p.failed))
	}
	return s
}

// end says how it ended.
func (p *progress) end(now time.Time, ok bool) {
	took := now.Sub(p.began).Round(time.Second)
	if ok {
		p.printf("all passed in %s: %d packages with tests, %d without", took, p.passed, p.without)
		return
	}
	failed := append(slices.Clone(p.failed), slices.Sorted(maps.Keys(p.open))...)
	p.printf("FAILED after %s: %s", took, strings.Join(failed, ", "))
}
