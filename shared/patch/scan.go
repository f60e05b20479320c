package patch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
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
	// surveying is how long a scan waits for its report to know until when it may read.
	surveying = time.Minute
	// margin is the time that must be left for another page: one call of the SDK with its retries
	// takes 34 seconds at worst, and one write follows.
	margin = 45 * time.Second
	// maxPage keeps a page below DynamoDB's 400 KB an item, with room for what its encoding adds.
	maxPage = 250_000
)

// Scan is one instance of a report.
type Scan struct {
	choreo.Position
	Node
	Report   string    `json:"report"`
	Patched  *State    `json:"patched,omitempty"` // nil: it was never scanned
	States   []string  `json:"states"`            // of patches that are read
	Opened   time.Time `json:"opened,omitzero"`   // of a second report: what was installed since is read as well
	First    string    `json:"first,omitempty"`   // of a second report: the first, if there is one
	Token    string    `json:"token,omitempty"`   // of the next page
	Calls    int       `json:"calls,omitempty"`   // that gave a page, in vain ones included
	Pages    int       `json:"pages,omitempty"`   // that are in the ledger
	Restarts int       `json:"restarts,omitempty"`
	Waits    int       `json:"waits,omitempty"` // in a row, for what passes by itself
	Found    int       `json:"found,omitempty"` // patches
}

// Expiry is when the scan may be forgotten.
func (s *Scan) Expiry() time.Time { return s.Since.Add(belongings) }

// Ended says that nothing more will be read.
func (s *Scan) Ended() bool { return s.Step == Done || s.Step == Unread }

// Scanner reads the patches of one instance.
type Scanner struct {
	choreo.Deps
	Patches interface {
		// Patches reads a page, the first without a token; next is empty after the last. The error wraps ErrToken or
		// run.ErrUnmanaged.
		Patches(ctx context.Context, id string, states []string, token string) (page []Patch, next string, err error)
	}
}

// Handler is the code of the scan function.
func (s Scanner) Handler() choreo.Function { return choreo.SQSHandler(s.mover()) }

// mover takes the messages of scan's queue.
func (s Scanner) mover() choreo.Mover[*Scan] { return moveScans(s.Deps, "scan", s.Act) }

// Act is safe to repeat: each page is written together with the token of the next, so that a page
// is in the ledger once, and the last page together with the scan's end and the report's count.
// When its time runs out, the next message goes on. What passes by itself is waited for until the
// report's deadline.
func (s Scanner) Act(ctx context.Context, w *scanWork) (scanOutcome, error) {
	r := newReport()
	rev, err := ledger.Read(ctx, s.Ledger, reportKey(w.Item.Report), r)
	if err == nil && rev == 0 {
		return w.End(Unread, "its report is over"), nil
	}
	out := scanOutcome{}
	if err == nil && r.Deadline.IsZero() { // set by the commit that sends the scans' messages
		return w.Again(surveying, "its report's survey isn't done yet"), nil
	}
	if err == nil {
		out, err = s.read(ctx, w, r)
	}
	if transient.Is(err) && !errors.Is(err, choreo.ErrLost) {
		w.Item.Waits++
		return w.Again(later(w.Item, r, s.Now()), err.Error()), nil
	}
	return out, err
}

// read reads pages until there are no more, or the time is up.
func (s Scanner) read(ctx context.Context, w *scanWork, r *Report) (scanOutcome, error) {
	i := w.Item
	keep, err := s.wanted(ctx, i)
	if err != nil {
		return scanOutcome{}, err
	}
	for {
		if !s.Now().Before(r.Deadline) {
			return unread(s.Ledger, w, fmt.Sprintf("it wasn't read before the deadline; %d patches were%s",
				i.Found, because(i.Position.Reason))), nil
		}
		page, next, err := s.Patches.Patches(ctx, i.ID, i.States, i.Token)
		switch {
		case errors.Is(err, run.ErrUnmanaged) && i.Managed: // by the survey: what it has, nobody can tell
			return unread(s.Ledger, w, err.Error()), nil
		case errors.Is(err, run.ErrUnmanaged):
			return s.end(w, nil, "Systems Manager doesn't manage it"), nil
		case errors.Is(err, ErrToken) && i.Token != "" && i.Restarts < maxRestarts:
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
		if hurried(ctx, s.Now()) {
			return w.Again(0, fmt.Sprintf("%d patches so far; its time is up", i.Found)), nil
		}
	}
}

// later is how long a scan waits when something passing is in its way: longer each time than the
// protocol does, for thousands may wait for the same; but half of what is left before the deadline
// at most.
func later(i *Scan, r *Report, now time.Time) time.Duration {
	const longest = 10 * time.Minute
	wait := min(5*time.Second<<min(i.Waits-1, 10), longest)
	wait += choreo.Jitter(i.ID, wait/2)
	if r.Deadline.IsZero() { // the report couldn't be read
		return wait
	}
	return min(wait, max(r.Deadline.Sub(now)/2, 5*time.Second))
}

// wanted is which patches of a page the report is about: all that were asked for; of those that a
// window has installed, what the first report announced, whatever its title is now, and what was
// installed since the opening.
func (s Scanner) wanted(ctx context.Context, i *Scan) (func([]Patch) []Patch, error) {
	if i.Opened.IsZero() {
		return func(page []Patch) []Patch { return page }, nil
	}
	announced, err := s.announced(ctx, i)
	if err != nil {
		return nil, fmt.Errorf("read what was announced for %s: %w", i.ID, err)
	}
	return func(page []Patch) (kept []Patch) {
		for _, p := range page {
			if category(p.State) != isInstalled || p.since(i.Opened) || p.among(announced) {
				kept = append(kept, p)
			}
		}
		return kept
	}, nil
}

// announced are the titles of the patches that a first report has found on an instance, by id.
func (s Scanner) announced(ctx context.Context, i *Scan) (titles map[string][]string, err error) {
	titles = map[string][]string{}
	if i.First == "" {
		return titles, nil
	}
	first := newScan()
	rev, err := ledger.Read(ctx, s.Ledger, scanKey(i.First, i.ID), first)
	if err != nil || rev == 0 {
		return titles, err
	}
	patches, err := book{s.Ledger}.pages(ctx, first)
	for _, p := range patches {
		if !slices.Contains(titles[p.KB], p.Title) {
			titles[p.KB] = append(titles[p.KB], p.Title)
		}
	}
	return titles, err
}

// among says that a patch may be one of those: by id and title, or by its id where that leaves no doubt.
func (p Patch) among(titles map[string][]string) bool {
	of := titles[p.KB]
	if slices.Contains(of, p.Title) {
		return true
	}
	return p.KB != "" && (len(of) == 1 || (p.Title == "" && len(of) > 0) || slices.Contains(of, ""))
}

// save writes a page with the token of the next. Where it fails, the item is what it was: it may be
// committed with the error.
func (s Scanner) save(ctx context.Context, w *scanWork, patches []Patch, next string) error {
	i, before := w.Item, *w.Item
	writes := write(i, patches, w.Now)
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

// write puts a page into the ledger, in pieces if it is too large for one item.
func write(i *Scan, patches []Patch, now time.Time) (writes []ledger.Write) {
	for len(patches) > 0 {
		n := fits(patches)
		i.Pages++
		page := &Page{Patches: patches[:n], Expires: now.Add(belongings)}
		writes = append(writes, ledger.Put(pageKey(i.Report, i.ID, i.Restarts, i.Pages), 0, page))
		i.Found += n
		patches = patches[n:]
	}
	return writes
}

// fits is how many of the patches fit into one page: one at least.
func fits(patches []Patch) int {
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

// end is the outcome of a scan that was read to its end: its last page and the report's count in the same
// transaction.
func (s Scanner) end(w *scanWork, patches []Patch, reason string) scanOutcome {
	return w.End(Done, reason).With(func(ctx context.Context, i *Scan) (choreo.Transaction, error) {
		i.Token = ""
		all, err := book{s.Ledger}.arrive(ctx, i.Report, 1, 0, w.Now)
		all.Writes = append(all.Writes, write(i, patches, w.Now)...)
		return all, err
	})
}

// unread is the outcome of a scan whose patches can't be had: a gap, counted in the same transaction.
func unread(store ledger.Store, w *scanWork, reason string) scanOutcome {
	return w.End(Unread, reason).With(func(ctx context.Context, i *Scan) (choreo.Transaction, error) {
		return book{store}.arrive(ctx, i.Report, 1, 1, w.Now)
	})
}
