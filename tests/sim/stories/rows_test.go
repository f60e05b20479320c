package stories_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// row is what the journal reads of a row of the ledger: of an instance, of a run, of a run's own position.
type row struct {
	Step, Reason, GaveUp   string
	Nudge, Attempt, Checks int
	Tries                  int
	Redelivered            time.Time
	LeftAt, EndedAt        time.Time
	Opened, Ended          time.Time
	Paused, ClosedSince    time.Time
	Stopped                string
	Done, Failed, Skipped  int
	Waiting, Total         int
}

// read reads those rows that have changed, and tells what that means.
func (j *journal) read(function string) {
	f := j.player.fleet
	seen := map[string]bool{}
	for _, pk := range f.Partitions() {
		if !strings.HasPrefix(pk, "RUN#") && pk != "ACTIVE" && pk != "OUT" {
			continue
		}
		for _, doc := range f.Docs(pk) {
			key := doc.String()
			seen[key] = true
			if j.revs[key] == doc.Rev {
				continue
			}
			was, known := j.rows[key]
			var now row
			if err := json.Unmarshal(doc.Body, &now); err != nil {
				j.add("journal", err.Error())
			}
			j.rows[key], j.revs[key] = now, doc.Rev
			j.changed(pk, doc.SK, function, was, now, known)
		}
	}
	for key := range j.rows {
		if !seen[key] {
			if id, ok := strings.CutPrefix(key, "OUT/"); ok {
				j.add(j.plain(id), "isn't counted as out of service any more; its token is free")
			}
			delete(j.rows, key)
			delete(j.revs, key)
		}
	}
}

func (j *journal) changed(pk, sk, function string, was, now row, known bool) {
	switch {
	case pk == "OUT" && !known:
		j.add(j.plain(sk), "stays out of service and keeps its token")
	case pk == "ACTIVE":
		j.position(sk, function, was, now)
	case sk == "RUN":
		j.run(strings.TrimPrefix(pk, "RUN#"), was, now)
	case strings.HasPrefix(sk, "I#") && (known || now.Step != "waiting"):
		j.instance(j.plain(strings.TrimPrefix(sk, "I#")), function, was, now)
	}
}

// position tells of a run's own position.
func (j *journal) position(who, function string, was, now row) {
	j.again(who, function, was, now)
	if now.Step == "failing" && was.Step != "failing" {
		j.add(who, fmt.Sprintf("gives up %s: %s", now.GaveUp, j.plain(now.Reason)))
	}
	if now.Attempt > was.Attempt && now.Reason != "" {
		j.add(who, "waits: "+j.plain(now.Reason))
	}
}

// again tells of a message that is sent once more.
func (j *journal) again(who, function string, was, now row) {
	switch {
	case now.Step != was.Step:
	case now.Nudge > was.Nudge:
		j.add(who, "is nudged by "+by(function))
	case now.Redelivered.After(was.Redelivered):
		j.add(who, "gets its message back from "+by(function))
	}
}

func by(function string) string {
	if function == "watchdog" {
		return "the watchdog"
	}
	return function
}

func (j *journal) run(who string, was, now row) {
	if was.Opened.IsZero() && !now.Opened.IsZero() {
		j.add(who, fmt.Sprintf("begins; instances: %d", now.Total))
	}
	if was.ClosedSince.IsZero() != now.ClosedSince.IsZero() {
		if now.ClosedSince.IsZero() {
			j.add(who, "the gate is open again")
		} else {
			j.add(who, "the gate closes")
		}
	}
	if now.Stopped != was.Stopped {
		j.add(who, "admits nobody else: "+j.plain(now.Stopped))
	}
	if !now.Ended.IsZero() && was.Ended.IsZero() {
		if was.Waiting > 0 {
			j.add(who, fmt.Sprintf("skips those that never got a token: %d", was.Waiting))
		}
		j.add(who, fmt.Sprintf("is over: %d done, %d failed, %d skipped", now.Done, now.Failed, now.Skipped))
	}
}

// instance tells of an instance's part in a run.
func (j *journal) instance(who, function string, was, now row) {
	if was.Step == "waiting" && now.Step == "drain" {
		j.add(who, "gets a token")
	}
	j.again(who, function, was, now)
	switch {
	case now.Step == was.Step && now.Step == "check" && now.Checks > was.Checks:
		j.add(who, "not started yet: "+j.plain(now.Reason))
	case now.Step == was.Step && now.Step != "failing" && now.Reason != "" && (now.Reason != was.Reason || now.Attempt > was.Attempt) && !routine(now.Reason):
		j.add(who, "waits: "+j.plain(now.Reason))
	case now.Step == was.Step:
	case was.Step == "check" && now.Step == "rejoin":
		j.add(who, "has started")
	case now.Step == "rejoin":
		j.add(who, "goes back: "+j.plain(now.Reason))
	case now.Step == "failing":
		j.add(who, fmt.Sprintf("gives up at %s: %s", now.GaveUp, j.plain(now.Reason)))
	case now.Step == "done":
		j.add(who, fmt.Sprintf("done, back in service after %s", now.EndedAt.Sub(now.LeftAt).Round(time.Second)))
	case now.Step == "failed" || now.Step == "skipped":
		j.add(who, now.Step+": "+j.plain(now.Reason))
	}
}

// routine is what each instance waits for in the quietest night.
func routine(reason string) bool {
	return slices.Contains(
		[]string{"waiting for the end of the deregistration delay", "asked for the boot id", "waiting for the boot id",
			"healthy; looking once more"},
		reason,
	)
}
