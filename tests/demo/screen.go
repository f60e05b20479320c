package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/run"
	"quickstep/tests/loadenv"
)

// screen shows a run while it gets on: a table that is drawn again and again where there is a
// terminal, a line for everything that happens where there isn't.
type screen struct {
	page
	terminal bool
	every    time.Duration
	drawn    int // lines of the table that stand on the terminal
	failed   int // requests whose failure was told
	told     time.Duration
	record   *recording // nil: nobody asked for one
}

// Control sequences that every terminal of the last forty years understands.
const (
	hideCursor, showCursor = "\x1b[?25l", "\x1b[?25h"
	// a line that is too long would spoil the count of those to go up
	cutLines, wrapLines   = "\x1b[?7l", "\x1b[?7h"
	clearLine, clearBelow = "\x1b[K", "\x1b[J"
)

func newScreen(p page, terminal bool) *screen {
	s := &screen{page: p, terminal: terminal, every: 100 * time.Millisecond}
	if s.terminal {
		fmt.Fprint(s.out, hideCursor+cutLines)
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

func (s *screen) show(v view, t loadenv.Tally) {
	s.record.show(v, t)
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
			b.WriteString(clip(line, columns) + clearLine + "\n")
		}
	}
	table := s.draw(v, t)
	for _, line := range table {
		b.WriteString(line + clearLine + "\n")
	}
	b.WriteString(clearBelow)
	s.drawn = len(table)
	fmt.Fprint(s.out, b.String())
}

func (s *screen) plain(v view, t loadenv.Tally) {
	for _, line := range v.lines {
		s.printf("%s\n", line)
	}
	if t.Failed > s.failed && v.at-s.told > time.Minute {
		s.printf("%7s  %-20s %d of %d requests have failed so far\n",
			run.Span(v.at), "clients", t.Failed, t.Requests)
		s.failed, s.told = t.Failed, v.at
	}
}

// draw is the table as lines.
func (p page) draw(v view, t loadenv.Tally) []string {
	c := count(v.rows, v.run.Total)
	failed := p.paint(green, "failed 0")
	if t.Failed > 0 {
		failed = p.paint(red, fmt.Sprintf("failed %d", t.Failed))
	}
	lines := []string{
		"",
		fmt.Sprintf("%7s  %-10s %s  %s", run.Span(v.at), v.run.Status(),
			p.bar(c.ended(), max(c.total, 1), 24, green), p.paint(bold, c.String())),
		fmt.Sprintf("%20sfrom clients: requests %d, %s", "", t.Requests, failed),
		"",
		p.paint(dim, fmt.Sprintf("%-20s %-9s %-8s %7s %7s  %s",
			"instance", "", "step", "since", "attempt", "because")),
	}
	for _, i := range v.rows {
		lines = append(lines, p.row(i, v.now))
	}
	return lines
}

// row is what is known about one instance.
func (p page) row(i run.Instance, now time.Time) string {
	since, attempt, because := "", "", i.Position.Reason
	if i.Step != run.StepWaiting && !i.Ended() {
		since, attempt = run.Span(now.Sub(i.Since)), strconv.Itoa(i.Attempt+1)
	}
	if i.Step == run.Done {
		because = "was out of service for " + run.Span(i.BackAt.Sub(i.LeftAt))
	}
	line := clip(fmt.Sprintf("%-8s %7s %7s  %s", i.Step, since, attempt, because), columns-31)
	c := yellow
	switch i.Step {
	case run.StepWaiting:
		c = dim
	case run.Done:
		c = green
	case run.Failed, choreo.Failing:
		c = red
	}
	step, rest := line[:8], line[8:]
	line = fmt.Sprintf("%-20s %s %s%s", i.ID, p.bar(way(i), 5, 7, c), p.paint(c, step), rest)
	return strings.TrimRight(line, " ")
}

// counts are how many instances stand where. They add up to total, with those that wait.
type counts struct{ total, done, out, failed, skipped int }

func count(rows []run.Instance, total int) counts {
	c := counts{total: max(total, len(rows))}
	for _, i := range rows {
		switch {
		case i.Step == run.Done:
			c.done++
		case i.Step == run.Failed:
			c.failed++
		case i.Step == run.Skipped:
			c.skipped++
		case !i.LeftAt.IsZero() && i.BackAt.IsZero():
			c.out++
		}
	}
	return c
}

func (c counts) ended() int { return c.done + c.failed + c.skipped }

func (c counts) String() string {
	s := fmt.Sprintf("%d/%d done, %d out, %d failed", c.done, c.total, c.out, c.failed)
	if c.skipped > 0 {
		s += fmt.Sprintf(", %d skipped", c.skipped)
	}
	return s
}

// way is how many of its five stations an instance has reached.
func way(i run.Instance) int {
	step := i.Step
	if step == choreo.Failing || step == run.Failed {
		step = i.GaveUp
	}
	stations := [][]string{
		{run.StepDrain}, {run.StepReboot}, {run.StepCheck},
		{run.StepRejoin, run.StepAwait}, {run.Done, run.Skipped},
	}
	for n, steps := range stations {
		for _, s := range steps {
			if s == step {
				return n + 1
			}
		}
	}
	return 0
}

func (p page) bar(n, of, width int, c color) string {
	full := n * width / of
	return "[" + p.paint(c, strings.Repeat("#", full)) + strings.Repeat(".", width-full) + "]"
}
