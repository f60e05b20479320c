package stage

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// Diary takes a line a step, as they happen, and remembers what is wrong.
type Diary struct {
	out   io.Writer
	began time.Time

	mu    sync.Mutex
	wrong []string
}

// NewDiary begins one.
func NewDiary(out io.Writer) *Diary { return &Diary{out: out, began: time.Now()} }

func (d *Diary) line(mark, who, what string) {
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
func (d *Diary) Say(who, format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.line("", who, fmt.Sprintf(format, args...))
}

// Judge tells whether something is as it should be: wrong is what isn't.
func (d *Diary) Judge(who, what string, wrong ...string) {
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
func (d *Diary) Broken() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.wrong
}
