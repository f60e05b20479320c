package storm

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"quickstep/tests/world"
)

// audit are the checks of what functions do, by the ledger's rows as they stand at that moment: whether what is
// done was written down, is allowed to whoever does it, and is still theirs to do.
type audit struct {
	items
	writer map[string]string    // by item: the invocation that wrote it last
	item   map[string]string    // by invocation: the item that it has claimed
	calls  map[string]int       // by run and instance: reboots asked for
	quiet  map[string]time.Time // when an alarm or a rule was last seen muted
	paused time.Time            // since when control has held run-1
	spent  map[string]time.Time // by run: since when it has had more failures than it may
	toldBy map[string]string    // by failure: the invocation that told people of it
	boots  map[string]string    // by run and instance: the boot id that reboot has read before its first call
	reads  map[string]string    // by invocation of reboot: the boot id that it has read
}

func newAudit() audit {
	return audit{
		items:  newItems(),
		writer: map[string]string{},
		item:   map[string]string{},
		calls:  map[string]int{},
		quiet:  map[string]time.Time{},
		spent:  map[string]time.Time{},
		toldBy: map[string]string{},
		boots:  map[string]string{},
		reads:  map[string]string{},
	}
}

// inFlight is how long a function may still act on what it has read: its timeout.
const inFlight = time.Minute + 5*time.Second

var parts = strings.NewReplacer("; put ", "\nput ", "; delete ", "\ndelete ", "; check ", "\ncheck ")

// row is what the judge reads of a row of the ledger.
type row struct {
	RebootCalls int `json:"rebootCalls"`
	// RebootAskedAt may be set without a call: who crashed in between can't know.
	RebootAskedAt time.Time `json:"rebootAskedAt"`
	RebootedAt    time.Time `json:"rebootedAt"`
	StartedAt     time.Time `json:"startedAt"`
}

func (j *judge) row(pk, sk string) (r row) {
	if doc, ok := j.fleet.Doc(pk, sk); ok {
		_ = json.Unmarshal(doc.Body, &r) // what can't be read is empty
	}
	return r
}

// run is the id of the active run that has the instance: the one that holds its lock, if there are two.
func (j *judge) run(id string) string {
	var lock struct{ Run string }
	if doc, ok := j.fleet.Doc("LOCK#"+id, "LOCK"); ok && json.Unmarshal(doc.Body, &lock) == nil && j.active[lock.Run] {
		return lock.Run
	}
	for _, r := range []string{"run-1", "run-2"} {
		if !j.active[r] {
			continue
		}
		if _, ok := j.fleet.Doc("RUN#"+r, "I#"+id); ok {
			return r
		}
	}
	return ""
}

// inRun names an instance in the run that has it: two runs may have the same one, one after the other.
func (j *judge) inRun(id string) string { return j.run(id) + "/" + id }

// wrote notes who writes which item, and checks that positions are bounded: five tries, nine nudges (the last of
// which gives up), but for the run's own position, which is never given up.
func (j *judge) wrote(op world.Op) {
	for line := range strings.Lines(parts.Replace(op.Detail)) {
		key, body, ok := moved(line)
		if !ok {
			continue
		}
		p := j.moves(op, key, body)
		j.writer[key] = op.Invocation
		if p.Lease.Owner == op.Invocation {
			j.item[op.Invocation] = key
		}
		if strings.HasPrefix(key, "ACTIVE/") || p.Step == "failing" {
			continue
		}
		if p.Tries > 5 {
			j.broken("R8", "%s was claimed %d times", key, p.Tries)
		}
		if p.Nudge > 9 {
			j.broken("R8", "%s was nudged %d times", key, p.Nudge)
		}
	}
	j.counted(op)
}

// moved is the key and the body of a line that puts an item that moves: an instance, or a run's own position.
func moved(line string) (key, body string, ok bool) {
	head, body, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " {")
	head, put := strings.CutPrefix(head, "put ")
	key, _, at := strings.Cut(head, "@")
	instance := strings.HasPrefix(key, "RUN#") && strings.Contains(key, "/I#")
	return key, "{" + body, ok && put && at && (instance || strings.HasPrefix(key, "ACTIVE/"))
}

// acts checks that whoever changes something outside still has its item.
func (j *judge) acts(op world.Op) {
	key := j.item[op.Invocation]
	switch {
	case key != "" && j.writer[key] != op.Invocation:
		j.broken("R8", "an invocation acts on %s, which another has taken over: %s", key, op)
	case key == "" && (op.Service != "sns" || strings.Contains(op.Detail, " FAILED at ")): // others may be told without a claim
		j.broken("R8", "an invocation acts without a claim: %s", op)
	case op.Service == "elb" && j.rows[key].Step == "await": // who was registered is only watched: others may take it out
		j.broken("R4", "an invocation acts on %s, which it is only to watch: %s", key, op)
	}
}

// mayLeave checks what must hold when an instance leaves service, beside R1 and R2: the run isn't paused, its
// window is open, everything is muted.
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
	// One that was about to leave, and of which somebody else has taken out a part meanwhile, isn't sent back: drain
	// ends it.
	if since := j.spent[id1]; !since.IsZero() && now.Sub(since) > inFlight && j.touched[id].IsZero() &&
		!j.stoodInDeleted(id) {
		j.broken(
			"R7",
			"%s leaves service, and %s has had more failures than it may since %s",
			id,
			id1,
			since.Format("15:04:05"),
		)
	}
	j.muted(id1, inFlight, "%s leaves service", id)
}

// muted checks that what a run is to mute was seen muted no longer ago than late.
func (j *judge) muted(id string, late time.Duration, format string, args ...any) {
	request := j.Request
	if id == "run-2" {
		request = j.Second
	}
	mute, _ := request["mute"].(map[string]any)
	if len(mute) == 0 {
		return
	}
	quiet := []string{"web-5xx"}
	if mute["rulePrefixes"] != nil || mute["ruleNames"] != nil {
		quiet = append(quiet, "web-nightly")
	}
	for _, what := range quiet {
		lapsed := late > inFlight && j.unable(what)
		if j.fleet.Now().Sub(j.quiet[what]) > late && !j.excused(what) && !lapsed {
			j.broken("R6", fmt.Sprintf(format, args...)+", and %s isn't muted", what)
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

// answered notes the boot ids that reboot is answered.
func (j *judge) answered(op world.Op) {
	var boot string
	var done bool
	if n, _ := fmt.Sscanf(op.Detail, "%q %t", &boot, &done); n < 2 || boot == "" || op.Fault != world.None {
		return
	}
	j.reads[op.Invocation] = boot
	if in := j.inRun(op.Subject); j.calls[in] == 0 {
		j.boots[in] = boot
	}
}

// reboot checks that each call was written down before it was made, and that none is made once the instance was
// seen to have rebooted.
func (j *judge) reboot(op world.Op) {
	id := op.Subject
	in := j.inRun(id)
	if old, now := j.boots[in], j.reads[op.Invocation]; j.calls[in] > 0 && old != "" && now != "" && now != old &&
		!j.inside[id] { // or another agent has
		j.broken("R3", "%s is asked to reboot again by who has just read that it has", id)
	}
	if j.calls[in]++; j.calls[in] > 1 {
		j.seen["asked to reboot again"]++
	}
	if r := j.row("RUN#"+j.run(id), "I#"+id); r.RebootCalls < j.calls[in] {
		j.broken(
			"R8",
			"%s is asked to reboot for the %dth time, and the ledger knows of %d",
			id,
			j.calls[in],
			r.RebootCalls,
		)
	}
}
