package storm

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"

	"quickstep/tests/world"
)

// deeds are the checks of what functions do, by the ledger's rows as they stand at that moment: whether what is done was
// written down, is allowed to whoever does it, and is still theirs to do.
type deeds struct {
	writer map[string]string    // by item: the invocation that wrote it last
	item   map[string]string    // by invocation: the item that it has claimed
	calls  map[string]int       // reboots asked for in the present run
	quiet  map[string]time.Time // when an alarm or a rule was last seen muted
	paused time.Time            // since when control has held run-1
}

func newDeeds() deeds {
	return deeds{writer: map[string]string{}, item: map[string]string{}, calls: map[string]int{}, quiet: map[string]time.Time{}}
}

// inFlight is how long a function may still act on what it has read: its timeout.
const inFlight = time.Minute + 5*time.Second

var (
	written = regexp.MustCompile(`put (RUN#[^ ]+/I#[^ @]+|ACTIVE/[^ @]+)@(\d+) (\{.*?\})(?:; (?:put|delete|check) |$)`)
	tries   = regexp.MustCompile(`"tries":(\d+)`)
	nudges  = regexp.MustCompile(`"nudge":(\d+)`)
)

// row is what the judge reads of a row of the ledger.
type row struct {
	Step        string    `json:"step"`
	RebootCalls int       `json:"rebootCalls"`
	Paused      time.Time `json:"paused"`
	// RebootAskedAt may be set without a call: who crashed in between can't know.
	RebootAskedAt time.Time `json:"rebootAskedAt"`
}

func (j *judge) row(pk, sk string) (r row) {
	if doc, ok := j.fleet.Doc(pk, sk); ok {
		_ = json.Unmarshal(doc.Body, &r) // what can't be read is empty
	}
	return r
}

// run is the id of the active run that has the instance.
func (j *judge) run(id string) string {
	for r := range j.active {
		if _, ok := j.fleet.Doc("RUN#"+r, "I#"+id); ok {
			return r
		}
	}
	return ""
}

// wrote notes who writes which item, and checks that positions are bounded: five tries, nine nudges (the last of which gives
// up), but for the run's own position, which is never given up.
func (j *judge) wrote(op world.Op) {
	for _, w := range written.FindAllStringSubmatch(op.Detail, -1) {
		key, body := w[1], w[3]
		j.writer[key] = op.Invocation
		if strings.Contains(body, `"lease":{"owner":"`+op.Invocation) {
			j.item[op.Invocation] = key
		}
		if strings.HasPrefix(key, "ACTIVE/") {
			continue
		}
		if n := number(tries, body); n > 5 && !strings.Contains(body, `"step":"failing"`) {
			j.broken("R8", "%s was claimed %d times", key, n)
		}
		if n := number(nudges, body); n > 9 && !strings.Contains(body, `"step":"failing"`) {
			j.broken("R8", "%s was nudged %d times", key, n)
		}
	}
	if r := j.row("RUN#run-1", "RUN"); r.Paused.IsZero() {
		j.paused = time.Time{}
	} else if j.paused.IsZero() {
		j.paused = j.fleet.Now()
	}
}

func number(in *regexp.Regexp, text string) int {
	if m := in.FindStringSubmatch(text); m != nil {
		n, _ := strconv.Atoi(m[1])
		return n
	}
	return 0
}

// acts checks that whoever changes something outside still has its item.
func (j *judge) acts(op world.Op) {
	if key := j.item[op.Invocation]; key != "" && j.writer[key] != op.Invocation {
		j.broken("R8", "an invocation acts on %s, which another has taken over: %s", key, op)
	}
}

// mayLeave checks what must hold when an instance leaves service, beside R1 and R2: the run isn't paused, its window is open,
// everything is muted.
func (j *judge) mayLeave(id string) {
	now := j.fleet.Now()
	id1 := j.run(id)
	request := j.Request
	if id1 == "run-2" {
		request = j.Second
	}
	if id1 == "run-1" && !j.paused.IsZero() && now.Sub(j.paused) > inFlight {
		j.broken("R7", "%s leaves service, and the run is paused since %s", id, j.paused.Format("15:04:05"))
	}
	if after, ok := request["notAfter"].(time.Time); ok && now.After(after) {
		j.broken("R7", "%s leaves service after %s (notAfter)", id, after.Format("15:04:05"))
	}
	mute, _ := request["mute"].(map[string]any)
	if len(mute) == 0 {
		return
	}
	for what, since := range map[string]time.Time{"alarm web-5xx": j.quiet["web-5xx"], "rule web-nightly": j.quiet["web-nightly"]} {
		if strings.HasPrefix(what, "rule") && mute["rulePrefixes"] == nil {
			continue
		}
		if now.Sub(since) > inFlight {
			j.broken("R6", "%s leaves service, and %s isn't muted", id, what)
		}
	}
}

// listen notes what is muted now.
func (j *judge) listen() {
	now := j.fleet.Now()
	if j.fleet.Muted("web-5xx") {
		j.quiet["web-5xx"] = now
	}
	if !j.fleet.RuleEnabled("default", "web-nightly") {
		j.quiet["web-nightly"] = now
	}
}

// reboot checks that each call was written down before it was made.
func (j *judge) reboot(id string) {
	j.calls[id]++
	if r := j.row("RUN#"+j.run(id), "I#"+id); r.RebootCalls < j.calls[id] {
		j.broken("R8", "%s is asked to reboot for the %dth time, and the ledger knows of %d", id, j.calls[id], r.RebootCalls)
	}
}
