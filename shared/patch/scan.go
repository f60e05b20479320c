package patch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/shared/report"
	"quickstep/shared/run"
	"quickstep/shared/transient"
)

// Bounds of a scan.
const (
	// maxCalls bounds the calls for one instance: 100,000 patches at 50 a page, far beyond any
	// system; more is a token that goes round in circles.
	maxCalls = 2000
	// maxRestarts is how often a scan may begin anew because its page token was refused.
	maxRestarts = 3
	// surveyWait is how long a scan waits for its report to know until when it may read.
	surveyWait = time.Minute
	// maxPage keeps a page below DynamoDB's 400 KB an item, with room for what its encoding adds.
	maxPage = 250_000
)

// Scanner reads the patches of one instance.
type Scanner struct {
	choreo.Deps
	Patches interface {
		// Patches reads a page, the first without a token; next is empty after the last. The error
		// wraps ErrToken or run.ErrUnmanaged.
		Patches(ctx context.Context, id string, states []string, token string) (
			page []report.Patch, next string, err error)
	}
}

// Handler is the code of the scan function.
func (s Scanner) Handler() choreo.Function { return choreo.SQSHandler(s.mover()) }

// mover takes the messages of scan's queue.
func (s Scanner) mover() choreo.Mover[*report.Scan] { return moveScans(s.Deps, "scan", s.Act) }

// Act is safe to repeat: each page is written together with the token of the next, so that a page
// is in the ledger once, and the last page together with the scan's end and the report's count.
// When its time runs out, the next message goes on. What passes by itself is waited for until the
// report's deadline.
func (s Scanner) Act(ctx context.Context, w *scanWork) (scanOutcome, error) {
	r := newReport()
	rev, err := ledger.Read(ctx, s.Ledger, reportKey(w.Item.Report), r)
	if err == nil && rev == 0 {
		return w.End(report.Unread, "its report is over"), nil
	}
	out := scanOutcome{}
	if err == nil && r.Deadline.IsZero() { // set by the commit that sends the scans' messages
		return w.Again(surveyWait, "its report's survey isn't done yet"), nil
	}
	if err == nil {
		out, err = s.read(ctx, w, r)
	}
	if transient.Is(err) && !errors.Is(err, choreo.ErrLost) {
		w.Item.Waits++
		return w.Again(retryDelay(w.Item, r, s.Now()), err.Error()), nil
	}
	return out, err
}

// read reads pages until there are no more, or the time is up.
func (s Scanner) read(ctx context.Context, w *scanWork, r *report.Report) (scanOutcome, error) {
	i := w.Item
	keep, err := s.filter(ctx, i)
	if err != nil {
		return scanOutcome{}, err
	}
	for {
		if !s.Now().Before(r.Deadline) {
			why := fmt.Sprintf("it wasn't read before the deadline; %d patches were", i.Found)
			return endUnread(s.Ledger, w, withCause(why, i.Position.Reason)), nil
		}
		page, next, err := s.Patches.Patches(ctx, i.ID, i.States, i.Token)
		switch {
		case errors.Is(err, run.ErrUnmanaged) && i.Managed: // at the survey: what it has, nobody can tell
			return endUnread(s.Ledger, w, err.Error()), nil
		case errors.Is(err, run.ErrUnmanaged):
			return s.end(w, nil, "Systems Manager doesn't manage it"), nil
		case errors.Is(err, report.ErrToken) && i.Token != "" && i.Restarts < maxRestarts:
			i.Token, i.Pages, i.Found, i.Restarts = "", 0, 0, i.Restarts+1
			return w.Again(time.Second, "the page token was refused; it begins anew"), nil
		case err != nil:
			return scanOutcome{}, err
		case i.Calls >= maxCalls:
			return w.GiveUp(fmt.Sprintf("it has more than %d pages of patches", maxCalls)), nil
		}
		if next == "" {
			return s.end(w, keep(page), ""), nil
		}
		if err := s.save(ctx, w, keep(page), next); err != nil {
			return scanOutcome{}, err
		}
		if nearDeadline(ctx, s.Now()) {
			return w.Again(0, fmt.Sprintf("%d patches so far; its time is up", i.Found)), nil
		}
	}
}

// retryDelay is how long a scan waits when something passing is in its way: longer each time than
// the protocol does, for thousands may wait for the same; but half of what is left before the
// deadline at most.
func retryDelay(i *report.Scan, r *report.Report, now time.Time) time.Duration {
	const longest = 10 * time.Minute
	wait := min(5*time.Second<<min(i.Waits-1, 10), longest)
	wait += choreo.Jitter(i.ID, wait/2)
	if r.Deadline.IsZero() { // the report couldn't be read
		return wait
	}
	return min(wait, max(r.Deadline.Sub(now)/2, 5*time.Second))
}

// filter keeps the patches that a scan is about.
func (s Scanner) filter(
	ctx context.Context, i *report.Scan,
) (func([]report.Patch) []report.Patch, error) {
	announced, err := s.announced(ctx, i)
	if err != nil {
		return nil, fmt.Errorf("read what was announced for %s: %w", i.ID, err)
	}
	return func(page []report.Patch) (kept []report.Patch) {
		for _, p := range page {
			if i.Wants(p, announced) {
				kept = append(kept, p)
			}
		}
		return kept
	}, nil
}

// announced are the patches that a first report has found on an instance.
func (s Scanner) announced(ctx context.Context, i *report.Scan) (report.Announced, error) {
	announced := report.Announced{}
	if i.Opened.IsZero() || i.First == "" {
		return announced, nil
	}
	first := newScan()
	rev, err := ledger.Read(ctx, s.Ledger, scanKey(i.First, i.ID), first)
	if err != nil || rev == 0 {
		return announced, err
	}
	patches, err := store{s.Ledger}.patches(ctx, first)
	announced.Add(patches)
	return announced, err
}

// save writes a page with the token of the next. Where it fails, the item is what it was: it may be
// committed with the error.
func (s Scanner) save(ctx context.Context, w *scanWork, patches []report.Patch, next string) error {
	i, before := w.Item, *w.Item
	writes := writePages(i, patches, w.Now)
	i.Token = next
	i.Calls++
	i.Progressed()
	i.Waits = 0
	err := w.Save(ctx, writes...)
	if err != nil {
		*i = before
	}
	return err
}

// writePages puts a page into the ledger, in several if it is too large for one item.
func writePages(i *report.Scan, patches []report.Patch, now time.Time) (writes []ledger.Write) {
	for len(patches) > 0 {
		n := fitting(patches)
		i.Pages++
		page := &report.Page{Patches: patches[:n], Expires: now.Add(report.ItemRetention)}
		writes = append(writes, ledger.Put(pageKey(i.Report, i.ID, i.Restarts, i.Pages), 0, page))
		i.Found += n
		patches = patches[n:]
	}
	return writes
}

// fitting is how many of the patches fit into one page: one at least.
func fitting(patches []report.Patch) int {
	size := 0
	for n, p := range patches {
		text, err := json.Marshal(p)
		if err != nil {
			panic(fmt.Sprintf("patch: a patch can't be written as JSON: %v", err))
		}
		if size += len(text); size > maxPage && n > 0 {
			return n
		}
	}
	return len(patches)
}

// end is the outcome of a scan that was read to its end: its last page and the report's count in
// the same transaction.
func (s Scanner) end(w *scanWork, patches []report.Patch, reason string) scanOutcome {
	count := func(ctx context.Context, i *report.Scan) (choreo.Transaction, error) {
		i.Token = ""
		tx, err := store{s.Ledger}.countEnded(ctx, i.Report, 1, 0, w.Now)
		tx.Writes = append(tx.Writes, writePages(i, patches, w.Now)...)
		return tx, err
	}
	return w.End(report.Done, reason).With(count)
}

// endUnread is the outcome of a scan whose patches can't be had: a gap, counted in the same
// transaction.
func endUnread(l ledger.Store, w *scanWork, reason string) scanOutcome {
	count := func(ctx context.Context, i *report.Scan) (choreo.Transaction, error) {
		return store{l}.countEnded(ctx, i.Report, 1, 1, w.Now)
	}
	return w.End(report.Unread, reason).With(count)
}
