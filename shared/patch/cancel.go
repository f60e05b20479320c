package patch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/input"
	"quickstep/shared/ledger"
	"quickstep/shared/report"
)

// Cancel ends a report that is under way, and says what it did, or why there is nothing to do. From
// then on nothing of it is mailed: its position is gone, so that whoever works on it loses its
// lease, and each of its scans ends at its next message. One of which a message may be on its way is
// refused: *input.FieldError.
//
// It is safe to repeat: position and record change in one transaction, and what was cancelled is
// over.
func Cancel(ctx context.Context, d choreo.Deps, owner, id string) (did string, err error) {
	const races = 5
	for n := range races {
		r := newReport()
		rev, err := ledger.Read(ctx, d.Ledger, reportKey(id), r)
		if err != nil {
			return "", err
		}
		if rev == 0 {
			return nothingToCancel(ctx, d.Ledger, id)
		}
		if why := r.Uncancellable(d.Now()); why != "" {
			return "", input.Refuse("report", "look again in a minute; status tells", "report %s %s", id, why)
		}
		mark := fmt.Sprintf("%s#cancel-%d", owner, n)
		err = cancel(ctx, d.Ledger, mark, r, rev, d.Now())
		if !errors.Is(err, ledger.ErrConflict) {
			return "cancelled: nothing more of it is mailed" + secondLeft(ctx, d.Ledger, r), err
		}
	}
	return "", fmt.Errorf("cancel report %s: others were faster %d times: %w", id, races, ledger.ErrConflict)
}

// cancel takes a report off the list of those under way, and writes down why.
func cancel(ctx context.Context, l ledger.Store, mark string, r *report.Report, rev int64, now time.Time) error {
	record := &report.Record{}
	recordRev, err := ledger.Read(ctx, l, recordKey(r.ID), record)
	if err != nil {
		return err
	}
	record.End(r, now, report.Cancelled)
	return ledger.Apply(ctx, l, mark,
		ledger.Put(recordKey(r.ID), recordRev, record),
		ledger.Write{Key: reportKey(r.ID), Rev: rev, Delete: true})
}

// secondLeft names the second report that goes with a first, if it is still under way.
func secondLeft(ctx context.Context, l ledger.Store, r *report.Report) string {
	rev, err := ledger.Read(ctx, l, reportKey(r.SecondID()), newReport())
	if err != nil || rev == 0 {
		return ""
	}
	return fmt.Sprintf("; its second report, %s, is another one, and still comes", r.SecondID())
}

// nothingToCancel says what has come of a report that isn't under way.
func nothingToCancel(ctx context.Context, l ledger.Store, id string) (did string, err error) {
	record, err := readRecord(ctx, l, id)
	if err != nil {
		return "", err
	}
	if record.Failed != "" && record.Failed != report.Cancelled {
		return "nothing to do: the report has " + record.Status(), nil
	}
	return "nothing to do: the report was " + record.Status(), nil
}

// readRecord reads what is kept of a report; the error is a *input.FieldError if nothing is.
func readRecord(ctx context.Context, l ledger.Store, id string) (*report.Record, error) {
	record := &report.Record{}
	rev, err := ledger.Read(ctx, l, recordKey(id), record)
	if err == nil && rev == 0 {
		err = input.Refuse("report", "status lists the reports that are under way", "there is no report %q", id)
	}
	return record, err
}
