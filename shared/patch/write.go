package patch

import (
	"context"
	"fmt"
	"strings"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
)

// atOnce is how many bytes of messages one transaction writes, if several fit: as many as a
// partition takes in a second, a thousand write units, at two a kilobyte.
const atOnce = 500_000

// write writes the messages down, as many as there is time for; the next invocation goes on. What
// is written is counted in the same transaction. Their keys hold what makes them the same: those of
// other contents (another version of this code) begin anew.
func (p Reporter) write(
	ctx context.Context, w *reportWork, c *content, parts []*part,
) (reportOutcome, error) {
	r, all := w.Item, len(parts)+min(len(c.gaps), 1)
	if prefix := mailPrefix + fingerprint(c, parts); !strings.HasPrefix(r.Messages, prefix) {
		r.Messages, r.Written = fmt.Sprintf("%s.%d.%d#", prefix, r.N, r.Tries), 0
	}
	for r.Written < all {
		if err := p.some(ctx, w, c, parts); err != nil {
			return reportOutcome{}, err
		}
		if r.Written < all && hurried(ctx, p.Now()) {
			return w.Again(0, fmt.Sprintf("%d of %d messages are written down; its time is up", r.Written, all)), nil
		}
	}
	return w.Next(StepSend, 0).With(func(_ context.Context, r *Report) (choreo.Transaction, error) {
		r.Parts, r.Instances, r.Gaps, r.Weary = len(parts), len(c.instances), len(c.gaps), false
		return choreo.Transaction{}, nil
	}), nil
}

// hurried says that too little time is left for another round.
func hurried(ctx context.Context, now time.Time) bool {
	limit, ok := ctx.Deadline()
	return ok && limit.Sub(now) < margin
}

// some writes the next messages. Where it fails, the item is what it was: it may be committed with the error.
func (p Reporter) some(ctx context.Context, w *reportWork, c *content, parts []*part) error {
	r, before := w.Item, *w.Item
	var writes []ledger.Write
	for size := 0; len(writes) < ledger.MaxWrites-1; {
		m := c.mail(parts, before.Written+len(writes))
		if m == nil {
			break
		}
		put := ledger.Put(mailKey(r.ID, r.Messages, before.Written+len(writes)+1), 0, m)
		if size += len(put.Body); size > atOnce && len(writes) > 0 {
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

// mail is the nth message, from 0: a part, or, after them, what the alarm topic is told of gaps; nil if there is
// none.
func (c *content) mail(parts []*part, n int) *Mail {
	switch {
	case n < len(parts):
		return parts[n].mail()
	case n == len(parts) && len(c.gaps) > 0:
		note := gapsNote(c)
		return &Mail{Subject: note.Subject, Text: note.Text, Expires: c.Closed.Add(belongings)}
	}
	return nil
}
