package reports

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// recurringJudge says what is wrong with the reports of a recurring window: too early, in the wrong
// order, too often, or mailed after they were cancelled. It knows the executions from the scenario.
type recurringJudge struct {
	*Recurring
	fleet      *sim.Fleet
	seen       map[string]int
	found      []string
	faults     int
	parts      map[string]time.Time // when a part was sent first, by report and part
	noted      map[string]string    // by invocation: the part that it has sent
	cancelled  map[string]time.Time // reports, and when
	lastEffect map[string]time.Time // by invocation
	sent       []recurringReport
}

// recurringReport is a report as its readers have it.
type recurringReport struct {
	document
	Began    time.Time
	Previous *struct {
		Started, Ends time.Time
		Over          bool
	}
	subject, text string
	at            time.Time
}

func (j *recurringJudge) broken(rule, format string, args ...any) {
	if len(j.found) < 10 {
		at := j.fleet.Now().Format("02 15:04:05.000")
		j.found = append(j.found, fmt.Sprintf("%s, %s: %s", rule, at, fmt.Sprintf(format, args...)))
	}
}

func (j *recurringJudge) after(op world.Op) {
	before := j.lastEffect[op.Invocation]
	j.lastEffect[op.Invocation] = j.fleet.Now()
	if op.Function == "" || !op.Happened || op.Service != "sns" {
		return
	}
	topic := map[string]string{"Announce": "report"}[op.Name]
	if topic == "" {
		topic = "alarm"
	}
	notes := j.fleet.Published(topic)
	note := notes[len(notes)-1]
	for id, at := range j.cancelled {
		whole := strings.Contains(note.Text+"\n", id+"\n") || strings.Contains(note.Text, id+",")
		// The call may have been under way when it was cancelled.
		if whole && before.After(at) {
			j.broken("cancelled", "%s was cancelled at %s, and this is mailed: %s", id, at.Format(time.TimeOnly),
				note.Subject)
		}
	}
	if op.Name != "Announce" {
		return
	}
	r := recurringReport{subject: note.Subject, text: note.Text, at: j.fleet.Now()}
	if json.Unmarshal([]byte(note.JSON), &r.document) != nil || json.Unmarshal([]byte(note.JSON), &r) != nil {
		j.broken("form", "%s", note.Subject)
		return
	}
	key := fmt.Sprintf("%s %d", r.Report, r.Part)
	if _, again := j.parts[key]; again && !r.Repeated {
		j.broken("twice", "%s was sent again and doesn't say so", key)
	} else if again {
		return
	}
	j.parts[key] = j.fleet.Now()
	j.seen["sent "+r.Phase]++
	j.sent = append(j.sent, r)
	if r.Phase == "before" {
		j.early(r)
		j.ordered(r)
	}
}

// running is the execution that a first report of the nth opening has to wait for: the last of those
// before that has run.
func (j *recurringJudge) previous(opens, at time.Time) (last execution, ok bool) {
	for _, e := range j.executions() {
		if !e.skipped && e.began.Before(opens) && e.began.Before(at) && (!ok || e.ends.After(last.ends)) {
			last, ok = e, true
		}
	}
	return last, ok
}

// early checks that a first report isn't made while the execution before still installs, or hasn't
// settled, unless there is no more time, and that it says so.
func (j *recurringJudge) early(r recurringReport) {
	const settles = 30 * time.Minute
	last, ok := j.previous(r.Window.Opens, r.Began)
	under := 2 * max(j.Pace, 0) // a call was under way
	inTime := !r.Began.Before(r.Window.Opens.Add(-min(j.Deadline, j.Lead)).Add(-time.Second))
	running := ok && r.Began.Before(last.ends.Add(-under))
	says := r.Previous != nil && !r.Previous.Over
	j.seen["not over"] += map[bool]int{true: 1}[says]
	switch {
	case ok && r.Began.Before(last.ends.Add(settles-time.Second)) && !inTime:
		j.broken("early", "%s was read at %s: the execution before ends at %s, it opens at %s",
			r.Report, r.Began.Format(time.DateTime), last.ends.Format(time.DateTime),
			r.Window.Opens.Format(time.DateTime))
	case running && !says && !strings.Contains(r.text, "isn't known"):
		j.broken("early", "%s doesn't say that the execution before isn't over", r.Report)
	case says && (!ok || r.Began.After(last.ends.Add(under+time.Second))):
		j.broken("early", "%s says that the execution before isn't over; it is", r.Report)
	}
	if says != strings.Contains(r.subject, "previous not over") {
		j.broken("early", "%s, for machines not over is %t, its subject is %q", r.Report, says, r.subject)
	}
	if says || !ok {
		return
	}
	want := 0 // rounds that are done by then
	for _, e := range j.executions() {
		if !e.skipped && !e.ends.After(r.Began) {
			want++
		}
	}
	for _, p := range r.Rows.Patches {
		if p.KB != round(want) && p.KB != round(want-1) {
			j.broken("early", "%s announces %s; by then %s is the next", r.Report, p.KB, round(want))
		}
	}
}

// ordered checks that the second report of an earlier opening has come before, unless there was no
// more time.
func (j *recurringJudge) ordered(r recurringReport) {
	inTime := !r.Began.Before(r.Window.Opens.Add(-min(j.Deadline, j.Lead)).Add(-time.Second))
	for _, d := range j.fleet.Docs("REPORTS") {
		var o document
		if json.Unmarshal(d.Body, &o) == nil && o.Phase == "after" && o.Window.Opens.Before(r.Window.Opens) && !inTime {
			j.broken("order", "%s was sent before %s", r.Report, d.SK)
		}
	}
}

// cancel asks control to cancel one of the reports under way.
func (j *recurringJudge) cancel(which int) {
	docs := j.fleet.Docs("REPORTS")
	if len(docs) == 0 {
		return
	}
	id := docs[which%len(docs)].SK
	answer, err := j.fleet.Call("control", map[string]any{"command": "cancel", "report": id})
	switch {
	case err == nil && strings.HasPrefix(fmt.Sprint(answer["did"]), "cancelled"):
		j.cancelled[id] = j.fleet.Now()
		j.seen["cancelled"]++
	case err != nil && !strings.Contains(err.Error(), "is being sent") && !strings.Contains(err.Error(), "has failed") &&
		!strings.Contains(err.Error(), "others were faster"):
		j.broken("cancelled", "%s can't be cancelled: %v", id, err)
	}
}

// end checks that each opening was reported once, or on days on which there are too many, the day;
// or that people know why not.
func (j *recurringJudge) end() {
	days, openings := map[string]int{}, map[time.Time]int{}
	for _, r := range j.sent {
		if r.Phase == "before" && r.Part == 1 {
			days[r.Window.Opens.Format(time.DateOnly)]++
			openings[r.Window.Opens]++
		}
	}
	for opens, n := range openings {
		if n > 1 {
			j.broken("twice", "%d reports were sent of the opening at %s", n, opens.Format(time.DateTime))
		}
	}
	if j.Period <= time.Hour { // five more at most on the first day, before it is known
		for _, day := range slices.Sorted(maps.Keys(days)) {
			if days[day] > 1 && day > j.opens(0).Format(time.DateOnly) {
				j.broken("often", "%d reports were sent on %s", days[day], day)
			}
		}
		j.seen["often"]++
		return
	}
	if j.faults > 0 || len(j.Cancels) > 0 || j.Lost > 0 || j.Pace > 0 {
		return
	}
	for n := range j.openings() {
		if openings[j.opens(n)] != 1 {
			j.broken("lost", "%d reports of the opening at %s", openings[j.opens(n)], j.opens(n).Format(time.DateTime))
		}
	}
}
