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
	"quickstep/shared/report"
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

// pageKey is the key of a page. A scan that had to begin anew writes its pages beside the old
// ones, which nobody reads.
func pageKey(id, instance string, restarts, page int) ledger.Key {
	return ledger.Key{
		PK: reportPrefix + id,
		SK: fmt.Sprintf("%s%05d", pagesOf(instance, restarts), page),
	}
}

func pagesOf(instance string, restarts int) string {
	return fmt.Sprintf("%s%s#%d#", pagePrefix, instance, restarts)
}

// mailKey is the key of a message. The same contents have the same keys, so that a try goes on
// where another ended.
func mailKey(id, messages string, n int) ledger.Key {
	return ledger.Key{PK: reportPrefix + id, SK: fmt.Sprintf("%s%05d", messages, n)}
}

func isReport(key ledger.Key) bool { return key.PK == reportsPK }
func isScan(key ledger.Key) bool {
	return strings.HasPrefix(key.PK, reportPrefix) && strings.HasPrefix(key.SK, scanPrefix)
}

func newReport() *report.Report { return &report.Report{} }
func newScan() *report.Scan     { return &report.Scan{} }

// store reads and writes the ledger in the words of a report.
type store struct{ ledger.Store }

// scans reads a report's scans in the order of their ids, a page at a time.
func (b store) scans(ctx context.Context, id string, f func(storedScan) error) error {
	const page = 500
	for after := ""; ; {
		docs, err := b.List(ctx, reportPrefix+id, scanPrefix, after, page)
		if err != nil {
			return fmt.Errorf("read the scans of report %s: %w", id, err)
		}
		for _, d := range docs {
			h := storedScan{Scan: newScan(), rev: d.Rev}
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

// storedScan is a scan as it was read.
type storedScan struct {
	*report.Scan
	rev int64
}

// patches reads what the scan of one instance has found.
func (b store) patches(ctx context.Context, s *report.Scan) (all []report.Patch, err error) {
	collect := func(_ string, _ int, patches []report.Patch) { all = append(all, patches...) }
	err = b.eachPage(ctx, s.Report, pagesOf(s.ID, s.Restarts), collect)
	return all, err
}

// eachPage reads the pages of a report whose keys begin with prefix, in the order of their
// instances.
func (b store) eachPage(
	ctx context.Context, id, prefix string,
	f func(instance string, restarts int, patches []report.Patch),
) error {
	const atOnce = 50 // pages of some 20 KB
	for after := ""; ; {
		docs, err := b.List(ctx, reportPrefix+id, prefix, after, atOnce)
		if err != nil {
			return fmt.Errorf("read the patches of report %s: %w", id, err)
		}
		for _, d := range docs {
			var p report.Page
			if err := d.Decode(&p); err != nil {
				return err
			}
			instance, rest, _ := strings.Cut(strings.TrimPrefix(d.SK, pagePrefix), "#")
			restarts, _, _ := strings.Cut(rest, "#")
			n, err := strconv.Atoi(restarts)
			if err != nil {
				return fmt.Errorf("read the patches of report %s: the key %s is none of a page",
					id, d.SK)
			}
			f(instance, n, p.Patches)
			after = d.SK
		}
		if len(docs) < atOnce {
			return nil
		}
	}
}

// countEnded is what else is written when n scans end, gaps of them unread: the count, and, with
// the last of them, the report's position. Somebody who holds its lease asks the same question
// when they commit.
func (b store) countEnded(
	ctx context.Context, id string, n, gaps int, now time.Time,
) (tx choreo.Transaction, err error) {
	c := &report.ScanCount{}
	rev, err := ledger.Read(ctx, b.Store, countKey(id), c)
	if err != nil {
		return tx, err
	}
	if rev == 0 {
		return tx, errors.New("the report's count isn't in the ledger")
	}
	c.Left, c.Gaps, c.Expires = c.Left-n, c.Gaps+gaps, now.Add(report.ItemRetention)
	tx.Writes = append(tx.Writes, ledger.Put(countKey(id), rev, c))
	if c.Left > 0 {
		return tx, nil
	}
	r := newReport()
	rev, err = ledger.Read(ctx, b.Store, reportKey(id), r)
	if err != nil || rev == 0 || r.Step != report.StepScanning || r.Leased(now) {
		return tx, err
	}
	r.Lease, r.Closed, r.Stalled = choreo.Lease{}, now, false
	choreo.Next[*report.Report](report.StepReport, 0).Settle(&r.Position, now)
	tx.Writes = append(tx.Writes, ledger.Put(reportKey(id), rev, r))
	tx.Messages = append(tx.Messages, choreo.NewMessage(reportKey(id), &r.Position))
	return tx, nil
}
