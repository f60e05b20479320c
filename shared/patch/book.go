package patch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/shared/run"
)

// Keys of the ledger.
const (
	reportsPK    = "REPORTS" // reports under way: their own positions, by id
	reportPrefix = "REPORT#"
	recordSK     = "REPORT" // that the report was begun, and what came of it
	countSK      = "COUNT"
	scanPrefix   = "I#"
	pagePrefix   = "P#"
)

func reportKey(id string) ledger.Key { return ledger.Key{PK: reportsPK, SK: id} }
func recordKey(id string) ledger.Key { return ledger.Key{PK: reportPrefix + id, SK: recordSK} }
func countKey(id string) ledger.Key  { return ledger.Key{PK: reportPrefix + id, SK: countSK} }
func scanKey(id, instance string) ledger.Key {
	return ledger.Key{PK: reportPrefix + id, SK: scanPrefix + instance}
}

// pageKey is the key of a page. A scan that had to begin anew writes its pages beside the old ones, which nobody reads.
func pageKey(id, instance string, restarts, page int) ledger.Key {
	return ledger.Key{PK: reportPrefix + id, SK: fmt.Sprintf("%s%05d", pagesOf(instance, restarts), page)}
}

func pagesOf(instance string, restarts int) string {
	return fmt.Sprintf("%s%s#%d#", pagePrefix, instance, restarts)
}

func isReport(key ledger.Key) bool { return key.PK == reportsPK }
func isScan(key ledger.Key) bool {
	return strings.HasPrefix(key.PK, reportPrefix) && strings.HasPrefix(key.SK, scanPrefix)
}

func newReport() *Report { return &Report{} }
func newScan() *Scan     { return &Scan{} }

const (
	// kept is how long an ended report is kept, as a run is.
	kept = run.Kept
	// belongings is for how long what is written before its end is kept: as long again as a report can last.
	belongings = kept + 30*24*time.Hour
)

// book reads and writes the ledger in the words of a report.
type book struct{ ledger.Store }

// scans reads a report's scans in the order of their ids, a page at a time.
func (b book) scans(ctx context.Context, id string, f func(held) error) error {
	const page = 500
	for after := ""; ; {
		docs, err := b.List(ctx, reportPrefix+id, scanPrefix, after, page)
		if err != nil {
			return fmt.Errorf("read the scans of report %s: %w", id, err)
		}
		for _, d := range docs {
			h := held{Scan: newScan(), rev: d.Rev}
			if err := d.Decode(h.Scan); err != nil {
				return err
			}
			if err := f(h); err != nil {
				return err
			}
			after = d.SK
		}
		if len(docs) < page {
			return nil
		}
	}
}

// held is a scan as it was read.
type held struct {
	*Scan
	rev int64
}

// pages reads the patches that a scan has found.
func (b book) pages(ctx context.Context, s *Scan) ([]Patch, error) {
	var all []Patch
	docs, err := b.List(ctx, reportPrefix+s.Report, pagesOf(s.ID, s.Restarts), "", 0)
	if err != nil {
		return nil, fmt.Errorf("read the patches of %s in report %s: %w", s.ID, s.Report, err)
	}
	for _, d := range docs {
		var p Page
		if err := d.Decode(&p); err != nil {
			return nil, err
		}
		all = append(all, p.Patches...)
	}
	return all, nil
}

// arrive is what else is written when n scans end, gaps of them unread: the count, and, with the last of them, the report's
// position. Somebody who holds its lease asks the same question when they commit.
func (b book) arrive(ctx context.Context, id string, n, gaps int, now time.Time) (choreo.Together, error) {
	var all choreo.Together
	c := &Count{}
	rev, err := ledger.Read(ctx, b.Store, countKey(id), c)
	if err != nil {
		return all, err
	}
	if rev == 0 {
		return all, errors.New("the report's count isn't in the ledger")
	}
	c.Left, c.Gaps, c.Expires = c.Left-n, c.Gaps+gaps, now.Add(belongings)
	all.Writes = append(all.Writes, ledger.Put(countKey(id), rev, c))
	if c.Left > 0 {
		return all, nil
	}
	r := newReport()
	rev, err = ledger.Read(ctx, b.Store, reportKey(id), r)
	if err != nil || rev == 0 || r.Step != StepScanning || r.Leased(now) {
		return all, err
	}
	r.Lease, r.Closed = choreo.Lease{}, now
	choreo.Next(StepReport, 0).Settle(&r.Position, now)
	all.Writes = append(all.Writes, ledger.Put(reportKey(id), rev, r))
	all.Send = append(all.Send, choreo.NewMessage(reportKey(id), &r.Position))
	return all, nil
}
