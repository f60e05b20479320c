package patch

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/shared/notify"
	"quickstep/shared/report"
)

// Act finds the report's instances and writes each down as a scan. It is safe to repeat: scans are
// put only if they are absent, or outdated, and the count that they are counted by is put with the commit,
// after which nothing is put.
func (s Survey) Act(ctx context.Context, w *reportWork) (reportOutcome, error) {
	r := w.Item
	if !w.Now.Before(r.Until) {
		return w.GiveUp(r.ExpiredReason(r.Position.Reason)), nil
	}
	wait, why, remarks, err := s.awaitPrevious(ctx, w)
	if err != nil || wait > 0 {
		return w.Again(wait, why), err
	}
	if why, err := s.moved(ctx, w); err != nil || why != "" {
		return s.withdraw(w, why), err
	}
	found, err := s.survey(ctx, w)
	if err != nil {
		return reportOutcome{}, err
	}
	nodes := found.nodes
	if late := r.LateRemark(w.Now); late != "" {
		remarks = append(remarks, late)
	}
	remarks = append(remarks, found.remarks...)
	total, err := s.writeScans(ctx, w, nodes)
	if err != nil {
		return reportOutcome{}, err
	}
	now := s.Now() // what the survey has taken is none of its scans' time
	left := r.TimeToScan(now)
	spacing := scanSpacing(left, total)
	next := w.Next(report.StepScanning, now.Sub(w.Now)+superviseDelay(left))
	return next.With(func(ctx context.Context, r *report.Report) (choreo.Transaction, error) {
		r.Deadline, r.Remarks, r.Stalled = now.Add(left), sanitizeAll(remarks), false
		r.Tasks, r.Execution = found.work.Tasks, found.execution
		if r.Window != nil {
			r.Window.Does = found.work.Does
		}
		if !found.comparable {
			r.First = ""
		}
		if r.Phase == report.After || r.Lead > 0 { // what it has waited is none of its reading
			r.Began = w.Now
		}
		if total == 0 {
			r.Step, r.Closed, r.Due = report.StepReport, now, now
		}
		c := &report.ScanCount{Left: total, Total: total, Expires: w.Now.Add(report.ItemRetention)}
		tx := choreo.Transaction{Writes: []ledger.Write{ledger.Put(countKey(r.ID), 0, c)}}
		return tx, store{s.Ledger}.scans(ctx, r.ID, func(h storedScan) error {
			msg := choreo.NewMessage(scanKey(r.ID, h.ID), &h.Position)
			// Whenever an earlier try has put it; but before it is due it would be refused.
			if at := now.Add(time.Duration(len(tx.Messages)) * spacing); at.After(msg.NotBefore) {
				msg.NotBefore = at
			}
			tx.Messages = append(tx.Messages, msg)
			return nil
		})
	}), nil
}

// surveyed is what a survey finds out: whom the report is about, what its window does, and, once it
// has closed, what became of its execution.
type surveyed struct {
	nodes []report.Node
	// comparable says that the first report of a second one knows instances.
	comparable bool
	work       report.Work
	execution  *report.Execution
	remarks    []string
}

func (s Survey) survey(ctx context.Context, w *reportWork) (f surveyed, err error) {
	first, err := s.firstInstances(ctx, w.Item.First)
	if err != nil {
		return f, err
	}
	f.comparable = len(first) > 0
	if f.work, err = s.work(ctx, w, f.comparable); err != nil {
		return f, err
	}
	var unread string
	if f.execution, unread, err = s.execution(ctx, w); err != nil {
		return f, err
	}
	f.nodes, f.remarks, err = s.nodes(ctx, w.Item, first, f.work)
	f.remarks = slices.Concat(f.work.Remarks, f.remarks)
	if f.execution.Running() {
		f.remarks = append(f.remarks, f.execution.RunningRemark())
	}
	if unread != "" {
		f.remarks = append(f.remarks, unread)
	}
	return f, err
}

// Handler is the code of the survey function: requests, and the messages of surveys under way.
func (s Survey) Handler() choreo.Function {
	return choreo.SQSOrDirectHandler(s.mover(),
		func(ctx context.Context, request json.RawMessage) (any, error) {
			return s.Request(ctx, choreo.Invocation(ctx), request)
		})
}

// mover takes the messages of survey's queue.
func (s Survey) mover() choreo.Mover[*report.Report] {
	return retryUntilExpiry(moveReports(s.Deps, "survey", s.Act), s.stalled)
}

// stalled is the outcome when a survey's errors are used up.
func (s Survey) stalled(ctx context.Context, w *reportWork, reason string) reportOutcome {
	out, err := stall(ctx, s.AlarmTopic, w, reason)
	if err != nil {
		w.Logger().Error("failure not announced",
			append(notify.NotAnnounced(w.Now), "reason", err.Error())...)
	}
	return out
}

// outdated is the age from which what an earlier try has written down is read anew: that try may
// have been of a window that was moved since, or have waited for hours for what was in its way. A
// large fleet under throttling takes several tries, and not as long.
const outdated = 3 * time.Hour

// writeScans writes down the scans that aren't yet, with the patch state of each, and counts all
// of them.
func (s Survey) writeScans(
	ctx context.Context, w *reportWork, nodes []report.Node,
) (total int, err error) {
	r := w.Item
	there, err := s.dropOutdated(ctx, w)
	if err != nil {
		return 0, err
	}
	total = len(there)
	nodes = slices.DeleteFunc(slices.Clone(nodes), func(n report.Node) bool { return there[n.ID] })
	spacing := scanSpacing(r.TimeToScan(w.Now), len(nodes))
	// Ids in one DescribeInstancePatchStates, and below what one transaction holds.
	const atOnce = 50
	for batch := range slices.Chunk(nodes, atOnce) {
		states, err := s.states(ctx, batch)
		if err != nil {
			return 0, err
		}
		rebooted, err := s.Reboots.Last(ctx, slices.Sorted(maps.Keys(states)))
		if err != nil {
			return 0, err
		}
		writes := []ledger.Write{w.LeaseHeld()}
		for _, n := range batch {
			due := s.Now().Add(time.Duration(total) * spacing)
			scan := report.NewScan(r, n, states[n.ID], w.Now, due)
			if last, ok := rebooted[n.ID]; ok {
				scan.Rebooted = &last
			}
			writes = append(writes, ledger.Put(scanKey(r.ID, n.ID), 0, scan))
			total++
		}
		if err := ledger.Apply(ctx, s.Ledger, w.Mark(), writes...); err != nil {
			return 0, fmt.Errorf("write down %d scans: %w", len(batch), err)
		}
	}
	return total, nil
}

// dropOutdated deletes the scans that were written down too long ago, and gives the ids of the
// others. None was sent a message yet.
func (s Survey) dropOutdated(
	ctx context.Context, w *reportWork,
) (there map[string]bool, err error) {
	there = map[string]bool{}
	var old []ledger.Write
	err = store{s.Ledger}.scans(ctx, w.Item.ID, func(h storedScan) error {
		if w.Now.Sub(h.Since) < outdated {
			there[h.ID] = true
			return nil
		}
		old = append(old, ledger.Write{Key: scanKey(h.Report, h.ID), Rev: h.rev, Delete: true})
		return nil
	})
	if err != nil {
		return nil, err
	}
	for batch := range slices.Chunk(old, ledger.MaxWrites-1) {
		writes := append([]ledger.Write{w.LeaseHeld()}, batch...)
		if err := ledger.Apply(ctx, s.Ledger, w.Mark(), writes...); err != nil {
			return nil, fmt.Errorf("delete %d scans of an earlier try: %w", len(batch), err)
		}
	}
	return there, nil
}

func (s Survey) states(ctx context.Context, nodes []report.Node) (map[string]*report.State, error) {
	var ids []string
	for _, n := range nodes {
		if n.Managed { // the others have none, and an id that isn't known could be refused
			ids = append(ids, n.ID)
		}
	}
	of := map[string]*report.State{}
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
