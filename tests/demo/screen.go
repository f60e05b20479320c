package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/run"
	"quickstep/tests/site"
)

// screen shows a run while it gets on: a table that is drawn again and again where there is a terminal, a line for
// everything that happens where there isn't.
type screen struct {
	out      io.Writer
	terminal bool
	every    time.Duration
	drawn    int // lines of the table that stand on the terminal
	failed   int // requests whose failure was told
	told     time.Duration
}

// Control sequences that every terminal of the last forty years understands.
const (
	hideCursor, showCursor = "\x1b[?25l", "\x1b[?25h"
	cutLines, wrapLines    = "\x1b[?7l", "\x1b[?7h" // a line that is too long would spoil the count of those to go up
	clearLine, clearBelow  = "\x1b[K", "\x1b[J"
)

func newScreen(out *os.File) *screen {
	s := &screen{out: out, every: 100 * time.Millisecond}
	info, err := out.Stat()
	s.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb" && os.Getenv("TERM") != ""
	if s.terminal {
		fmt.Fprint(out, hideCursor+cutLines)
	}
	return s
}

// close leaves the last table where it is, and the terminal as it was.
func (s *screen) close() {
	if s.terminal {
		fmt.Fprint(s.out, showCursor+wrapLines)
	}
	fmt.Fprintln(s.out)
}

func (s *screen) show(v view, t site.Tally) {
	if !s.terminal {
		s.plain(v, t)
		return
	}
	var b strings.Builder
	if s.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", s.drawn)
	}
	for _, line := range v.lines {
		if strings.Contains(line, "SNS") {
			b.WriteString(line + clearLine + "\n")
		}
	}
	table := draw(v, t)
	for _, line := range table {
		b.WriteString(line + clearLine + "\n")
	}
	b.WriteString(clearBelow)
	s.drawn = len(table)
	fmt.Fprint(s.out, b.String())
}

func (s *screen) plain(v view, t site.Tally) {
	for _, line := range v.lines {
		fmt.Fprintln(s.out, line)
	}
	if t.Failed > s.failed && v.at-s.told > time.Minute {
		fmt.Fprintf(s.out, "%7s  %-20s %d of %d requests have failed so far\n", run.Span(v.at), "!", t.Failed, t.Requests)
		s.failed, s.told = t.Failed, v.at
	}
}

// draw is the table as lines.
func draw(v view, t site.Tally) []string {
	r := v.run
	ended := r.Done + r.Failed + r.Skipped
	lines := []string{
		"",
		fmt.Sprintf("%7s  run %-8s %s %d of %d ended   requests %d, failed %d", run.Span(v.at), r.Status(), bar(ended, max(r.Total, 1), 24), ended, r.Total, t.Requests, t.Failed),
		"",
		fmt.Sprintf("%-20s %-9s %-8s %7s %7s  %s", "instance", "", "step", "since", "attempt", "because"),
	}
	for _, i := range v.rows {
		since, attempt := "", ""
		if i.Step != run.StepWaiting {
			since = run.Span(v.now.Sub(i.Since))
		}
		if !i.Ended() && since != "" {
			attempt = strconv.Itoa(i.Attempt + 1)
		}
		lines = append(lines, fmt.Sprintf("%-20s %s %-8s %7s %7s  %s", i.ID, bar(way(i), 5, 7), i.Step, since, attempt, i.Position.Reason))
	}
	return lines
}

// way is how many of its five stations an instance has reached.
func way(i run.Instance) int {
	step := i.Step
	if step == choreo.Failing || step == run.Failed {
		step = i.GaveUp
	}
	for n, steps := range [][]string{{run.StepDrain}, {run.StepReboot}, {run.StepCheck}, {run.StepRejoin, run.StepAwait}, {run.Done, run.Skipped}} {
		for _, s := range steps {
			if s == step {
				return n + 1
			}
		}
	}
	return 0
}

func bar(n, of, width int) string {
	full := n * width / of
	return "[" + strings.Repeat("#", full) + strings.Repeat(".", width-full) + "]"
}
