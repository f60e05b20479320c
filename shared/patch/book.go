package patch

import (
	"context"
	"errors"
	"fmt"
	"strconv"
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
	mailPrefix   = "M#" // messages, ready to be sent
)

func reportKey(id string) ledger.Key { return ledger.Key{PK: reportsPK, SK: id} }
func recordKey(id string) ledger.Key { return ledger.Key{PK: reportPrefix + id, SK: recordSK} }
func countKey(id string) ledger.Key  { return ledger.Key{PK: reportPrefix + id, SK: countSK} }
func scanKey(id, instance string) ledger.Key {
	return ledger.Key{PK: reportPrefix + id, SK: scanPrefix + instance}
}

// pageKey is the key of a page. A scan that had to begin anew writes its pages beside the old ones, which nobody
// reads.
func pageKey(id, instance string, restarts, page int) ledger.Key {
	return ledger.Key{PK: reportPrefix + id, SK: fmt.Sprintf("%s%05d", pagesOf(instance, restarts), page)}
}

func pagesOf(instance string, restarts int) string {
	return fmt.Sprintf("%s%s#%d#", pagePrefix, instance, restarts)
}

// mailKey is the key of a message. The same contents have the same keys, so that a try goes on where another ended.
func mailKey(id, messages string, n int) ledger.Key {
	return ledger.Key{PK: reportPrefix + id, SK: fmt.Sprintf("%s%05d", messages, n)}
}

func isReport(key ledger.Key) bool { return key.PK == reportsPK }
func isScan(key ledger.Key) bool {
	return strings.HasPrefix(key.PK, reportPrefix) && strings.HasPrefix(key.SK, scanPrefix)
}

func newReport() *Report { return &Report{} }
func newScan() *Scan     { return &Scan{} }

const (
	// kept is how long an ended report is kept, as a run is.
	kept = run.Retention
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

// pages reads the patches that the scan of one instance has found.
func (b book) pages(ctx context.Context, s *Scan) (all []Patch, err error) {
	err = b.each(ctx, s.Report, pagesOf(s.ID, s.Restarts), func(_ string, _ int, some []Patch) {
		all = append(all, some...)
	})
	return all, err
}

// each reads the pages of a report whose keys begin with prefix, in the order of their instances.
func (b book) each(
	ctx context.Context, id, prefix string, f func(instance string, restarts int, some []Patch),
) error {
	const together = 50 // pages of some 20 KB
	for after := ""; ; {
		docs, err := b.List(ctx, reportPrefix+id, prefix, after, together)
		if err != nil {
			return fmt.Errorf("read the patches of report %s: %w", id, err)
		}
		for _, d := range docs {
			var p Page
			if err := d.Decode(&p); err != nil {
				return err
			}
			instance, rest, _ := strings.Cut(strings.TrimPrefix(d.SK, pagePrefix), "#")
			restarts, _, _ := strings.Cut(rest, "#")
			n, err := strconv.Atoi(restarts)
			if err != nil {
				return fmt.Errorf("read the patches of report %s: the key %s is none of a page", id, d.SK)
			}
			f(instance, n, p.Patches)
			after = d.SK
		}
		if len(docs) < together {
			return nil
		}
	}
}

// arrive is what else is written when n scans end, gaps of them unread: the count, and, with the
// last of them, the report's position. Somebody who holds its lease asks the same question when
// they commit.
func (b book) arrive(ctx context.Context, id string, n, gaps int, now time.Time) (choreo.Transaction, error) {
	var all choreo.Transaction
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
	r.Lease, r.Closed, r.Weary = choreo.Lease{}, now, false
	choreo.Next[*Report](StepReport, 0).Settle(&r.Position, now)
	all.Writes = append(all.Writes, ledger.Put(reportKey(id), rev, r))
	all.Messages = append(all.Messages, choreo.NewMessage(reportKey(id), &r.Position))
	return all, nil
}
