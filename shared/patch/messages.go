package patch

import (
	"context"
	"fmt"
	"strings"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/shared/report"
	"quickstep/shared/report/format"
)

// maxWriteBytes is how many bytes of messages one transaction writes, if several fit: as many as a
// partition takes in a second, a thousand write units, at two a kilobyte.
const maxWriteBytes = 500_000

// writeMessages writes the messages down, as many as there is time for; the next invocation goes
// on. What is written is counted in the same transaction. Their keys hold what makes them the
// same: those of other contents (another version of this code) begin anew.
func (p Reporter) writeMessages(
	ctx context.Context, w *reportWork, c *report.Content, messages *format.Messages,
) (reportOutcome, error) {
	r, all := w.Item, messages.Total()
	if prefix := mailPrefix + messages.Fingerprint(); !strings.HasPrefix(r.Messages, prefix) {
		r.Messages, r.Written = fmt.Sprintf("%s.%d.%d#", prefix, r.N, r.Tries), 0
	}
	for r.Written < all {
		if err := p.writeNext(ctx, w, messages); err != nil {
			return reportOutcome{}, err
		}
		if r.Written < all && nearDeadline(ctx, p.Now()) {
			return w.Again(0, fmt.Sprintf("%d of %d messages are written down; its time is up",
				r.Written, all)), nil
		}
	}
	written := func(_ context.Context, r *report.Report) (choreo.Transaction, error) {
		r.Parts, r.Instances, r.Gaps = messages.Parts(), len(c.Instances), len(c.Gaps)
		r.Stalled = false
		return choreo.Transaction{}, nil
	}
	return w.Next(report.StepSend, 0).With(written), nil
}

// writeNext writes the next messages. Where it fails, the item is what it was: it may be committed
// with the error.
func (p Reporter) writeNext(ctx context.Context, w *reportWork, messages *format.Messages) error {
	r, before := w.Item, *w.Item
	var writes []ledger.Write
	for size := 0; len(writes) < ledger.MaxWrites-1; {
		m := messages.Mail(before.Written + len(writes))
		if m == nil {
			break
		}
		put := ledger.Put(mailKey(r.ID, r.Messages, before.Written+len(writes)+1), 0, m)
		if size += len(put.Body); size > maxWriteBytes && len(writes) > 0 {
			break
		}
		writes = append(writes, put)
	}
	r.Written += len(writes)
	r.Progressed()
	err := w.Save(ctx, writes...)
	if err != nil {
		*r = before
	}
	return err
}
