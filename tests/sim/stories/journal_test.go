package stories_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"quickstep/shared/run"
	"quickstep/tests/sim"
)

// journal is what an operator sees of a story: from AWS's effects and from the rows of the ledger, never from the
// product's own values.
type journal struct {
	player  *player
	entries []*entry
	last    map[string][]*entry // of each who
	watched []*watched
	about   map[string]string // invocation → whom it works on
	leaving map[string]bool   // instances whose targets drain
	rows    map[string]row    // by key
	revs    map[string]int64
}

type entry struct {
	at, until time.Time
	who, what string
	parts     []string // what belongs to it: places
	times     int
}

// watched is something whose state is told when it changes.
type watched struct {
	who   string
	state func() string
	was   string
}

func newJournal(p *player) *journal {
	return &journal{player: p, last: map[string][]*entry{}, about: map[string]string{}, leaving: map[string]bool{},
		rows: map[string]row{}, revs: map[string]int64{}}
}

// add tells something. What comes again and again about somebody is counted, and parts of the same are put
// together.
func (j *journal) add(who, what string, parts ...string) {
	now := j.player.fleet.Now()
	if e := j.before(who, what); e != nil {
		e.until = now
		if e.parts = append(e.parts, parts...); len(parts) == 0 {
			e.times++
		}
		return
	}
	e := &entry{at: now, until: now, who: who, what: what, parts: parts, times: 1}
	j.entries = append(j.entries, e)
	j.last[who] = append(j.last[who], e)
}

// before finds the same about somebody: the last, not counting what is tried again and again in between.
func (j *journal) before(who, what string) *entry {
	for _, e := range slices.Backward(j.last[who]) {
		if e.what == what {
			return e
		}
		if often(e.what) == "" || often(e.what) == often(what) {
			break
		}
	}
	return nil
}

func often(what string) string {
	for _, kind := range []string{"waits", "is nudged by the watchdog", "crashes", "can't call"} {
		if strings.Contains(what, kind) {
			return kind
		}
	}
	return ""
}

// watch tells of a state whenever it has changed.
func (j *journal) watch(who string, state func() string) {
	j.watched = append(j.watched, &watched{who, state, state()})
}

func (j *journal) watches(who string) bool {
	for _, w := range j.watched {
		if w.who == who {
			return true
		}
	}
	return false
}

// look tells what has changed of what is watched, and who has drained.
func (j *journal) look() {
	for _, w := range j.watched {
		if now := w.state(); now != w.was {
			w.was = now
			j.add(w.who, now)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(j.leaving)) {
		if !j.draining(id) {
			delete(j.leaving, id)
			j.add(j.plain(id), "has drained")
		}
	}
}

func (j *journal) draining(id string) bool {
	for _, arn := range j.player.fleet.ARNs {
		for _, t := range j.player.fleet.TargetsOf(arn) {
			if t.ID == id && t.State == "draining" {
				return true
			}
		}
	}
	return false
}

// String is the trace: time since the first request, who, what.
func (j *journal) String() string {
	width := 0
	for _, e := range j.entries {
		width = max(width, len(e.who))
	}
	var b strings.Builder
	for _, e := range j.entries {
		text := e.what
		if len(e.parts) > 0 {
			text += " " + strings.Join(e.parts, ", ")
		}
		if e.times > 1 {
			text += fmt.Sprintf(" (%d times, until %s)", e.times, j.player.since(e.until))
		}
		fmt.Fprintf(&b, "%9s  %-*s  %s\n", j.player.since(e.at), width, e.who, text)
	}
	return b.String()
}

var (
	longID   = regexp.MustCompile(`i-[0-9a-f]{17}`)
	anyTime  = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)
	groupARN = regexp.MustCompile(`arn:aws:elasticloadbalancing:[^\s",]*`)
)

// plain shortens what nobody wants to read: instances are i-1, i-2 …, target groups have their names, and times are
// since the first request.
func (j *journal) plain(text string) string {
	text = longID.ReplaceAllStringFunc(text, func(id string) string {
		for n := range 100 {
			if sim.ID(n) == id {
				return fmt.Sprint("i-", n)
			}
		}
		return id
	})
	text = anyTime.ReplaceAllStringFunc(text, func(stamp string) string {
		at, err := time.Parse(time.RFC3339, stamp)
		if err != nil {
			return stamp
		}
		return j.player.since(at).String()
	})
	return groupARN.ReplaceAllStringFunc(text, run.ShortARN)
}
