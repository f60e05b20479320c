package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"quickstep/tests/loadenv"
)

// recording is what stood in each line of the table, and since when. tests/pictures makes the
// README's picture of it.
type recording struct {
	now   func() time.Time
	began time.Time
	last  time.Time
	rows  []string

	Changes []change `json:"changes"`
}

// change is a line that reads otherwise from then on.
type change struct {
	Seconds float64 `json:"seconds"` // since the beginning
	Row     int     `json:"row"`
	Text    string  `json:"text"` // with the control sequences for color
}

// sampled is how often the table is looked at: half a minute of the fleet's time is enough for a
// picture.
const sampled = time.Second

func newRecording(now func() time.Time) *recording { return &recording{now: now} }

// show takes a look at the table, if it is time for one.
func (r *recording) show(v view, t loadenv.Tally) {
	if r == nil {
		return
	}
	now := r.now()
	if r.began.IsZero() {
		r.began = now
	}
	if v.quiet || r.last.IsZero() || now.Sub(r.last) >= sampled {
		r.last = now
		r.lines(0, page{color: true}.draw(v, t))
	}
}

// lines writes down which lines have changed, from row first on.
func (r *recording) lines(first int, lines []string) {
	for n, line := range lines {
		for len(r.rows) <= first+n {
			r.rows = append(r.rows, "")
		}
		if row := first + n; r.rows[row] != line {
			r.rows[row] = line
			at := r.last.Sub(r.began).Round(time.Millisecond)
			r.Changes = append(r.Changes, change{at.Seconds(), row, line})
		}
	}
}

// save adds what the rules say, and writes all into a file.
func (r *recording) save(path string, e evidence) error {
	if r == nil {
		return nil
	}
	var end bytes.Buffer
	p := page{out: &end, color: true}
	e.printFindings(p)
	printTraffic(p, e.requests)
	r.last = r.last.Add(sampled)
	r.lines(len(r.rows), strings.Split(strings.TrimRight(end.String(), "\n"), "\n"))

	var text bytes.Buffer
	text.WriteString("{\"changes\": [\n")
	for n, c := range r.Changes {
		line, err := json.Marshal(c)
		if err != nil {
			return fmt.Errorf("write down the recording: %w", err)
		}
		text.Write(line)
		if n < len(r.Changes)-1 {
			text.WriteByte(',')
		}
		text.WriteByte('\n')
	}
	text.WriteString("]}\n")
	if err := os.WriteFile(path, text.Bytes(), 0o644); err != nil {
		return fmt.Errorf("keep the recording: %w", err)
	}
	return nil
}
