package storm

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"quickstep/tests/world"
)

// items are the checks of the protocol, by the rows of what moves, as they are written one after the other: who may write
// them, in what order, and when.
type items struct {
	rows    map[string]position    // by item: as it was last written
	letters map[string][]time.Time // by item: when triage gave its message back
	given   map[string]string      // by invocation: the event that it was invoked with
	failed  map[string]int         // by invocation: how often it was let down; it can't be blamed for what it left undone
	resumed struct {
		at time.Time
		by string // the invocation
	}
}

func newItems() items {
	return items{rows: map[string]position{}, letters: map[string][]time.Time{}, given: map[string]string{}, failed: map[string]int{}}
}

// position is what the judge reads of an item that moves.
type position struct {
	N      int       `json:"n"`
	Nudge  int       `json:"nudge"`
	Tries  int       `json:"tries"`
	Step   string    `json:"step"`
	Reason string    `json:"reason"`
	Due    time.Time `json:"due"`
	LeftAt time.Time `json:"leftAt"`
	Lease  struct {
		Owner string    `json:"owner"`
		Until time.Time `json:"until"`
	} `json:"lease"`
	at time.Time // when it was written
}

// lostRaces is how many lost races let an invocation down: then it leaves its lease, and the message comes again.
const lostRaces = 5

// lets notes what lets an invocation down: death, or a ledger that doesn't answer.
func (j *judge) lets(op world.Op) {
	switch {
	case op.Invocation == "":
	case op.Service == "world" && op.Name == "invoked":
		j.given[op.Invocation] = op.Detail
	case op.Service == "world" && (op.Name == "failed" || op.Name == "freezes"), op.Fault == world.CrashBefore, op.Fault == world.CrashAfter, op.Fault == world.Timeout:
		j.failed[op.Invocation] += lostRaces
	case op.Service != "dynamodb":
	case op.Name == "Write" && op.Fault == world.ReplyLost && op.Happened: // by its mark it is known again; of one that lost a race nobody can know
	case op.Fault != world.None:
		j.failed[op.Invocation] += lostRaces
	case op.Err != nil:
		j.failed[op.Invocation]++
	}
}

func (j *judge) letDown(invocation string) bool { return j.failed[invocation] >= lostRaces }

// moves checks what one write makes of an item, and gives what that is.
func (j *judge) moves(op world.Op, key, body string) (p position) {
	_ = json.Unmarshal([]byte(body), &p) // what can't be read is empty, and found to go backwards
	p.at = j.fleet.Now()
	if len(body) > largest {
		j.broken("R10", "the row of %s has %d bytes", key, len(body))
	}
	before, known := j.rows[key]
	j.rows[key] = p
	if !known {
		return p
	}
	if owner := before.Lease.Owner; owner != "" && owner != op.Invocation {
		if p.at.Before(before.Lease.Until) {
			j.broken("R8", "%s is written by %s, and another has its lease until %s", key, op.Function, before.Lease.Until.Format("15:04:05"))
		} else if !j.letDown(owner) {
			j.broken("R8", "%s was claimed by an invocation that then did nothing, although nothing had let it down", key)
		} else {
			j.seen["lease taken over"]++
		}
	}
	if p.N < before.N || p.N > before.N+1 || (p.N == before.N && p.Nudge < before.Nudge) {
		j.broken("R8", "%s goes from n %d nudge %d to n %d nudge %d", key, before.N, before.Nudge, p.N, p.Nudge)
	}
	j.nudges(op, key, before, p)
	claimed := p.Lease.Owner == op.Invocation && before.Lease.Owner != op.Invocation
	if claimed {
		j.claims(op, key, before)
	}
	if claimed && before.Nudge == 0 && (before.Due.IsZero() || p.at.Before(before.Due)) {
		j.broken("R8", "%s is claimed at n %d, which is due at %s", key, before.N, before.Due.Format("15:04:05"))
	}
	j.leftToWatchdog(op, key, before)
	j.passes(op, key, before, p)
	return p
}

// leftToWatchdog checks that resume itself wakes those that waited without a clock.
func (j *judge) leftToWatchdog(op world.Op, key string, before position) {
	parked := before.Step == "drain" && before.Due.IsZero() && before.LeftAt.IsZero()
	if !parked || op.Function != "watchdog" || !strings.HasPrefix(key, "RUN#run-1/") || j.resumed.by == "" || j.letDown(j.resumed.by) {
		return
	}
	took := max(0, 20*j.Pace) + time.Second
	if before.at.Before(j.resumed.at) && j.fleet.Now().Sub(j.resumed.at) > took {
		j.broken("R7", "%s waited at the gate when the run was resumed, and nobody woke it but the watchdog", key)
	}
}

var bodies = regexp.MustCompile(`Body:(\{.*?\}) Delay:`)

// sends checks that nobody is told of a position that isn't written down.
func (j *judge) sends(op world.Op) {
	for _, b := range bodies.FindAllStringSubmatch(op.Detail, -1) {
		var m struct {
			PK, SK, Step string
			N, Nudge     int
		}
		if json.Unmarshal([]byte(b[1]), &m) != nil {
			continue
		}
		j.redelivered(op, m.PK+"/"+m.SK, m.Step)
		if p, ok := j.rows[m.PK+"/"+m.SK]; ok && (m.N > p.N || (m.N == p.N && m.Nudge > p.Nudge)) {
			j.broken("R8", "a message is sent for n %d nudge %d of %s/%s, and the ledger is at n %d nudge %d", m.N, m.Nudge, m.PK, m.SK, p.N, p.Nudge)
		}
	}
}

var when = regexp.MustCompile(`(?m)^When: .*$`)

// tells checks that people are told of a failure by whoever has claimed it, and once, unless who told them was let down.
func (j *judge) tells(op world.Op) {
	if op.Subject != "alarm" || !strings.Contains(op.Detail, " FAILED at ") || !op.Happened {
		return
	}
	subject, _, _ := strings.Cut(op.Detail, "\n")
	what := subject + " " + when.FindString(op.Detail)
	if by, ok := j.toldBy[what]; ok && !j.letDown(by) {
		j.broken("R7", "people are told twice: %s", what)
	}
	j.toldBy[what] = op.Invocation
	j.seen["told of a failure"]++
	if op.Fault == world.ReplyLost {
		j.failed[op.Invocation] += lostRaces
	}
}
