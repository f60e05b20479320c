package patch

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/shared/notify"
	"quickstep/shared/run"
	"quickstep/shared/sanitize"
)

const (
	// pace is the time from one scan to the next: DescribeInstancePatches is throttled by the
	// account, and others need it too; at four calls a second 5,000 instances take 21 minutes.
	pace = 250 * time.Millisecond
	// tendEvery is the longest time between two looks at scans that are under way.
	tendEvery = 5 * time.Minute
)

// Act finds the report's instances and writes each down as a scan. It is safe to repeat: scans are put only if they
// are absent, and the count that they are counted by is put with the commit, after which nothing is put.
func (s Survey) Act(ctx context.Context, w *reportWork) (reportOutcome, error) {
	r := w.Item
	if !w.Now.Before(r.Until) {
		return w.GiveUp(late(r) + because(r.Position.Reason)), nil
	}
	nodes, remarks, err := s.nodes(ctx, r)
	if err != nil {
		return reportOutcome{}, err
	}
	total, err := s.put(ctx, w, nodes)
	if err != nil {
		return reportOutcome{}, err
	}
	now := s.Now() // what the survey has taken is none of its scans' time
	patience := r.patience(now)
	spread := paced(patience, total)
	next := w.Next(StepScanning, now.Sub(w.Now)+look(patience))
	return next.With(func(ctx context.Context, r *Report) (choreo.Transaction, error) {
		r.Deadline, r.Remarks, r.Weary = now.Add(patience), tidied(remarks), false
		if slices.Contains(remarks, noFirst) {
			r.First = ""
		}
		if r.Phase == After { // the wait until the window had closed is none of its reading
			r.Began = w.Now
		}
		if total == 0 {
			r.Step, r.Closed, r.Due = StepReport, now, now
		}
		c := &Count{Left: total, Total: total, Expires: w.Now.Add(belongings)}
		all := choreo.Transaction{Writes: []ledger.Write{ledger.Put(countKey(r.ID), 0, c)}}
		return all, book{s.Ledger}.scans(ctx, r.ID, func(h held) error {
			msg := choreo.NewMessage(scanKey(r.ID, h.ID), &h.Position)
			// Whenever an earlier try has put it; but before it is due it would be refused.
			if at := now.Add(time.Duration(len(all.Messages)) * spread); at.After(msg.NotBefore) {
				msg.NotBefore = at
			}
			all.Messages = append(all.Messages, msg)
			return nil
		})
	}), nil
}

// Handler is the code of the survey function: requests, and the messages of surveys under way.
func (s Survey) Handler() choreo.Function {
	return choreo.SQSOrDirectHandler(s.mover(),
		func(ctx context.Context, request json.RawMessage) (any, error) {
			return s.Request(ctx, choreo.Invocation(ctx), request)
		})
}

// mover takes the messages of survey's queue.
func (s Survey) mover() choreo.Mover[*Report] {
	return patiently(moveReports(s.Deps, "survey", s.Act), s.weary)
}

// weary is the outcome when a survey's errors are used up.
func (s Survey) weary(ctx context.Context, w *reportWork, reason string) reportOutcome {
	out, err := weary(ctx, s.AlarmTopic, w, reason)
	if err != nil {
		w.Logger().Error("failure not announced", append(notify.NotAnnounced(w.Now), "reason", err.Error())...)
	}
	return out
}

// paced is the time from one to the next of n scans: pace, or less if they wouldn't all have begun
// when half of the time that is left is over; but never so little that they are a burst.
func paced(left time.Duration, n int) time.Duration {
	return min(pace, max(left/2/time.Duration(max(n, 1)), 20*time.Millisecond))
}

// look is how long it is until the report looks at its scans again, left before their deadline:
// three times at least, for one whose message was lost, or whose handler died, is to have another
// try.
func look(left time.Duration) time.Duration { return min(left, tendEvery, max(left/3, choreo.Grace)) }

// patience is how long the scans may take: half of what is left, if that is less than was asked for.
func (r *Report) patience(now time.Time) time.Duration {
	return min(time.Duration(r.Patience), max(r.Until.Sub(now)/2, time.Minute))
}

// late is why a report that can't be sent in time isn't sent at all.
func late(r *Report) string {
	if r.Phase == Before && r.Window != nil && !r.Window.Opens.IsZero() {
		return "the window opened before the report was done"
	}
	return "it wasn't done within " + run.Span(worth)
}

// tidied are remarks as they are kept: what they name is from others.
func tidied(remarks []string) (all []string) {
	for _, r := range remarks {
		all = append(all, sanitize.Text(r))
	}
	return all
}

// noFirst is what a second report says that has nothing to be compared with.
const noFirst = "there is no first report to compare with"

// nodes finds the instances of a report, each once, by id. The remarks are for its readers.
func (s Survey) nodes(ctx context.Context, r *Report) (nodes []Node, remarks []string, err error) {
	if r.First != "" {
		ids, err := s.first(ctx, r.First)
		if err != nil {
			return nil, nil, err
		}
		if len(ids) > 0 {
			nodes, err = s.byIDs(ctx, ids)
			const remark = "it is about the instances of the first report; those that came later aren't in it"
			return nodes, []string{remark}, err
		}
		remarks = append(remarks, noFirst)
	}
	sets := [][]Target{r.Select.Tags}
	if len(r.Select.IDs) > 0 {
		sets = [][]Target{{{Key: "InstanceIds", Values: r.Select.IDs}}}
	}
	if r.Window != nil {
		if sets, err = s.targets(ctx, r); err != nil {
			return nil, nil, err
		}
		if len(sets) == 0 {
			remarks = append(remarks, "none of the window's patch tasks has a target")
		}
	}
	found := map[string]Node{}
	for _, set := range sets {
		more, said, err := s.set(ctx, set)
		if err != nil {
			return nil, nil, err
		}
		for _, remark := range said {
			if !slices.Contains(remarks, remark) {
				remarks = append(remarks, remark)
			}
		}
		for _, n := range more {
			found[n.ID] = n
		}
	}
	for _, n := range found {
		nodes = append(nodes, n)
	}
	slices.SortFunc(nodes, byID)
	return nodes, remarks, nil
}

func byID(a, b Node) int { return strings.Compare(a.ID, b.ID) }

// first are the instances of a first report, none if its survey never got to its end.
func (s Survey) first(ctx context.Context, id string) (ids []string, err error) {
	rev, err := ledger.Read(ctx, s.Ledger, countKey(id), &Count{})
	if err != nil || rev == 0 {
		return nil, err
	}
	err = book{s.Ledger}.scans(ctx, id, func(h held) error { ids = append(ids, h.ID); return nil })
	return ids, err
}

// put writes down the scans that aren't yet, with the patch state of each, and counts all of them.
func (s Survey) put(ctx context.Context, w *reportWork, nodes []Node) (total int, err error) {
	r := w.Item
	there := map[string]bool{}
	if err := (book{s.Ledger}).scans(ctx, r.ID, func(h held) error { there[h.ID] = true; return nil }); err != nil {
		return 0, err
	}
	total = len(there)
	nodes = slices.DeleteFunc(slices.Clone(nodes), func(n Node) bool { return there[n.ID] })
	spread := paced(r.patience(w.Now), len(nodes))
	const chunk = 50 // ids in one DescribeInstancePatchStates, and below what one transaction holds
	for some := range slices.Chunk(nodes, chunk) {
		states, err := s.states(ctx, some)
		if err != nil {
			return 0, err
		}
		writes := []ledger.Write{w.LeaseHeld()}
		for _, n := range some {
			due := s.Now().Add(time.Duration(total) * spread)
			writes = append(writes, ledger.Put(scanKey(r.ID, n.ID), 0, scanOf(r, n, states[n.ID], w.Now, due)))
			total++
		}
		if err := ledger.Apply(ctx, s.Ledger, w.Mark(), writes...); err != nil {
			return 0, fmt.Errorf("write down %d scans: %w", len(some), err)
		}
	}
	return total, nil
}

func (s Survey) states(ctx context.Context, nodes []Node) (map[string]*State, error) {
	var ids []string
	for _, n := range nodes {
		if n.Managed { // the others have none, and an id that isn't known could be refused
			ids = append(ids, n.ID)
		}
	}
	of := map[string]*State{}
	if len(ids) == 0 {
		return of, nil
	}
	states, err := s.Managed.States(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("read the patch states of %d instances: %w", len(ids), err)
	}
	for _, state := range states {
		of[state.ID] = &state
	}
	return of, nil
}

// scanOf is the scan of a node. What is pending a reboot is always read, and of a second report all
// that tells what was done.
func scanOf(r *Report, n Node, state *State, now, due time.Time) *Scan {
	i := &Scan{Node: n, Report: r.ID, Patched: state, States: slices.Clone(r.States)}
	i.Position = choreo.Position{N: 1, Step: StepScan, Since: now, Due: due}
	more := []string{InstalledPendingReboot}
	if r.Phase == After {
		i.First, i.Opened = r.First, r.Window.Opens
		more = append(more, Installed, InstalledOther, InstalledRejected, Failed, Missing)
	}
	for _, s := range more {
		if !slices.Contains(i.States, s) {
			i.States = append(i.States, s)
		}
	}
	slices.Sort(i.States)
	return i
}
