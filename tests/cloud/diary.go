package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// diary takes a line a step, as they happen, and remembers what is wrong.
type diary struct {
	out   io.Writer
	began time.Time

	mu    sync.Mutex
	wrong []string
}

func newDiary(out io.Writer) *diary { return &diary{out: out, began: time.Now()} }

func (d *diary) line(mark, who, what string) {
	passed := time.Since(d.began).Round(time.Second)
	fmt.Fprintf(d.out, "%3d:%02d  %-6s %-10s %s\n", int(passed.Minutes()), int(passed.Seconds())%60, mark, who, what)
}

// say tells what happens.
func (d *diary) say(who, format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.line("", who, fmt.Sprintf(format, args...))
}

// judge tells whether something is as it should be: wrong is what isn't.
func (d *diary) judge(who, what string, wrong ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(wrong) == 0 {
		d.line("ok", who, what)
		return
	}
	d.line("BROKEN", who, what)
	for _, w := range wrong {
		fmt.Fprintf(d.out, "%26s%s\n", "", strings.ReplaceAll(w, "\n", "\n"+strings.Repeat(" ", 26)))
	}
	d.wrong = append(d.wrong, who+": "+what)
}

// broken is what wasn't as it should be.
func (d *diary) broken() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.wrong
}
