package stage

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// Log takes a line a step, as they happen, and remembers what is wrong.
type Log struct {
	out   io.Writer
	began time.Time

	mu    sync.Mutex
	wrong []string
}

// NewLog begins one.
func NewLog(out io.Writer) *Log { return &Log{out: out, began: time.Now()} }

func (d *Log) line(mark, who, what string) {
	passed := time.Since(d.began).Round(time.Second)
	fmt.Fprintf(
		d.out,
		"%3d:%02d  %-6s %-10s %s\n",
		int(passed.Minutes()),
		int(passed.Seconds())%60,
		mark,
		who,
		what,
	)
}

// Say tells what happens.
func (d *Log) Say(who, format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.line("", who, fmt.Sprintf(format, args...))
}

// Judge tells whether something is as it should be: wrong is what isn't.
func (d *Log) Judge(who, what string, wrong ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(wrong) == 0 {
		d.line("ok", who, what)
		return
	}
	d.line("BROKEN", who, what)
	for _, w := range wrong {
		fmt.Fprintf(
			d.out,
			"%26s%s\n",
			"",
			strings.ReplaceAll(w, "\n", "\n"+strings.Repeat(" ", 26)),
		)
	}
	d.wrong = append(d.wrong, who+": "+what)
}

// Broken is what wasn't as it should be.
func (d *Log) Broken() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.wrong
}
