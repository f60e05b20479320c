// Package ledger is the table in which every run is written down. Its word is final; a message is only a nudge.
//
// A Store gives what DynamoDB gives and nothing more: documents under a partition and a sort key, strongly
// consistent reads, and writes of up to MaxWrites documents that happen together or not at all, each on the
// condition that its document is still at the revision that the writer has read. Every rule about leases, positions
// and tokens is decided in Go on what was read, and holds because the write fails if anything has changed since.
package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"quickstep/shared/transient"
)

// MaxWrites is the most documents that one Write takes: the limit of DynamoDB's TransactWriteItems.
const MaxWrites = 100

// ErrConflict says that a document was not at the revision that its write required; nothing was written.
var ErrConflict = errors.New("the ledger has changed since it was read")

// Key names a document. Documents of one PK can be listed in the order of their SK.
type Key struct {
	PK string `json:"pk"`
	SK string `json:"sk"`
}

func (k Key) String() string { return k.PK + "/" + k.SK }

// Doc is a document as it was read.
type Doc struct {
	Key
	// Rev grows by one with each write; the first is 1. A document that isn't there has revision 0.
	Rev int64
	// By is the writer's own mark for the write that made this revision: by it a writer whose reply was lost
	// recognizes that the write has happened.
	By   string
	Body json.RawMessage
}

// Write is one part of a Store.Write.
type Write struct {
	Key
	// Rev is the revision at which the document must be: 0 for "must not exist".
	Rev int64
	// Body is the new content, a JSON object; unused by Delete and Check.
	Body json.RawMessage
	// Delete removes the document; Check only requires its revision.
	Delete, Check bool
	// Expires is when the document may be forgotten (time to live); zero is never.
	Expires time.Time
}

// Store keeps the documents. Its errors: ErrConflict, errors marked by package transient (a
// transaction conflict, a throttle, a timeout; whether the write happened is then unknown unless
// transient.IsNotApplied), and anything else, final.
type Store interface {
	// Get reads documents, strongly consistent, in no order; those that don't exist are left out.
	Get(ctx context.Context, keys ...Key) ([]Doc, error)
	// List reads up to limit documents of a partition whose SK begins with prefix and is greater than after, in
	// the order of SK, strongly consistent. Fewer than limit means that there are no more. limit 0 lists all.
	List(ctx context.Context, pk, prefix, after string, limit int) ([]Doc, error)
	// Write does all writes or none; by is the mark that becomes Doc.By.
	Write(ctx context.Context, by string, writes ...Write) error
}

// Apply writes, and after an error looks whether the write has happened all the same (the reply was lost, and the
// repetition met its own traces), so that nobody takes a write of one's own for somebody else's. by must be unique.
func Apply(ctx context.Context, s Store, by string, writes ...Write) error {
	err := s.Write(ctx, by, writes...)
	if err == nil || transient.IsNotApplied(err) {
		return err
	}
	at := slices.IndexFunc(writes, func(w Write) bool { return !w.Delete && !w.Check })
	if at < 0 { // only deletions leave no mark; that the document is gone is what was wanted
		at = slices.IndexFunc(writes, func(w Write) bool { return w.Delete })
	}
	if at < 0 {
		return err
	}
	w := writes[at]
	docs, readErr := s.Get(ctx, w.Key)
	switch {
	case readErr != nil:
		return err
	case w.Delete && len(docs) == 0:
		return nil
	case !w.Delete && len(docs) == 1 && docs[0].By == by && docs[0].Rev == w.Rev+1:
		return nil
	}
	return err
}

// Put is the write that makes v the content of a document that was read at revision rev. If v has a method Expiry,
// that is when the document may be forgotten.
func Put(k Key, rev int64, v any) Write {
	body, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("ledger: %T can't be written as JSON: %v", v, err)) // our own types always can
	}
	w := Write{Key: k, Rev: rev, Body: body}
	if e, ok := v.(interface{ Expiry() time.Time }); ok {
		w.Expires = e.Expiry()
	}
	return w
}

// Read decodes one document into v and gives its revision, 0 if it doesn't exist.
func Read(ctx context.Context, s Store, k Key, v any) (rev int64, err error) {
	docs, err := s.Get(ctx, k)
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", k, err)
	}
	if len(docs) == 0 {
		return 0, nil
	}
	if err := docs[0].Decode(v); err != nil {
		return 0, err
	}
	return docs[0].Rev, nil
}

// Decode reads the content into v.
func (d Doc) Decode(v any) error {
	if err := json.Unmarshal(d.Body, v); err != nil {
		return fmt.Errorf("decode %s: %w", d.Key, err)
	}
	return nil
}
