package storm

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"quickstep/tests/world"
)

// counts is what the judge reads of a run's row.
type counts struct {
	Total, Waiting, Failed, Limit int
	Stopped                       string
	Paused                        time.Time
	Tokens                        []struct {
		Instance string
		Failed   bool
	}
}

func (j *judge) counts(id string) (c counts) {
	if doc, ok := j.fleet.Doc("RUN#"+id, "RUN"); ok {
		_ = json.Unmarshal(doc.Body, &c) // what can't be read is empty
	}
	return c
}

// over says that nobody can get on any more, and nobody be admitted.
func (c counts) over() bool {
	return !slices.ContainsFunc(c.Tokens, func(t struct {
		Instance string
		Failed   bool
	}) bool {
		return !t.Failed
	}) &&
		(c.Stopped != "" || c.Waiting == 0 || len(c.Tokens) >= c.Limit)
}

var runs = regexp.MustCompile(`put RUN#([^ /]+)/RUN@`)

// counted notes what a write makes of a run: whether it is paused, and how many failures it has had. Whoever ends the last
// instance must end the run, unless somebody is at work on its position, or was a moment ago.
func (j *judge) counted(op world.Op) {
	for _, m := range runs.FindAllStringSubmatch(op.Detail, -1) {
		id := m[1]
		c := j.counts(id)
		if id == "run-1" {
			j.holds(op, !c.Paused.IsZero())
		}
		if j.spent[id].IsZero() && c.Failed > j.allowed(id, c.Total) {
			j.spent[id] = j.fleet.Now()
			j.seen["one failure too many"]++
		}
		active, ok := j.rows["ACTIVE/"+id]
		idle := ok && active.Step == "open" && j.fleet.Now().Sub(active.at) > inFlight && j.fleet.Now().Sub(active.Lease.Until) > inFlight
		idle = idle && !j.letDown(op.Invocation) // who stood still for minutes knows the run's position as it was; the run looks within ten
		if c.over() && idle && slices.Contains([]string{"drain", "reboot", "check", "rejoin", "triage"}, op.Function) {
			j.broken("R7", "the last instance of %s has ended, and the run stays open", id)
		}
	}
}

// holds notes since when control has held the run, and who let it go.
func (j *judge) holds(op world.Op, paused bool) {
	switch {
	case paused && j.paused.IsZero():
		j.paused = j.fleet.Now()
	case !paused && !j.paused.IsZero():
		j.paused, j.resumed.at, j.resumed.by = time.Time{}, j.fleet.Now(), ""
		if op.Function == "control" {
			j.resumed.by = op.Invocation
			j.seen["resumed by control"]++
		}
	}
}

// allowed is how many failures don't end admission, by the request.
func (j *judge) allowed(id string, total int) int {
	request := j.Request
	if id == "run-2" {
		request = j.Second
	}
	switch v := request["maxErrors"].(type) {
	case int:
		return v
	case string:
		n, _ := strconv.Atoi(strings.TrimSuffix(v, "%"))
		return total * n / 100
	}
	return 0
}

// silence checks, each minute, that what is to be muted is muted as long as instances are out and come on, where nothing keeps
// the product from seeing to it.
func (j *judge) silence() {
	undisturbed := j.disturbed.IsZero() || j.fleet.Now().Sub(j.disturbed) > settles
	if !undisturbed || j.Hook != nil {
		return
	}
	for _, id := range slices.Sorted(maps.Keys(j.out)) {
		r := j.run(id)
		step := j.rows["RUN#"+r+"/I#"+id].Step
		if slices.Contains([]string{"reboot", "check", "rejoin", "await"}, step) {
			j.muted(r, 5*time.Minute, "%s is out", id)
		}
	}
}
