package patch

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"quickstep/shared/ledger"
	"quickstep/shared/notify"
	"quickstep/shared/sanitize"
	"quickstep/shared/transient"
)

const (
	// notifyEvery is how often people are notified of the same: a schedule meets each hour what is wrong.
	notifyEvery = 24 * time.Hour
	// notifyUnknownEvery is how often they are of a document that isn't known: it may well be one that
	// has nothing to do with patches.
	notifyUnknownEvery = 30 * 24 * time.Hour
)

// problem is what is wrong with something that a schedule asks for. about tells it from others:
// reasons may differ each time.
type problem struct {
	about string
	why   error
	every time.Duration // people are notified of it; zero: notifyEvery
}

// notified is what people were notified of last, of something.
type notified struct {
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// Expiry is when it may be forgotten.
func (n notified) Expiry() time.Time { return n.At.Add(notifyUnknownEvery + 7*notifyEvery) }

// notifiedKey is the key of what people were notified of.
func notifiedKey(about string) ledger.Key {
	return ledger.Key{PK: "SURVEY", SK: fmt.Sprintf("TOLD#%x", sha256.Sum256([]byte(about)))[:32]}
}

// notifyOnce notifies people of problems, of each once a day, and of all that one survey has met in
// one note.
func (s Survey) notifyOnce(
	ctx context.Context, invocation string, problems []problem,
	note func([]problem) notify.Note, now time.Time,
) error {
	var news []problem
	var writes []ledger.Write
	for _, p := range problems {
		var last notified
		key := notifiedKey(p.about)
		rev, err := ledger.Read(ctx, s.Ledger, key, &last)
		if err != nil {
			return err
		}
		if now.Sub(last.At) < cmp.Or(p.every, notifyEvery) {
			continue
		}
		slog.Warn("survey", "outcome", "told", "reason", p.why.Error())
		put := ledger.Put(key, rev, notified{sanitize.Text(p.why.Error()), now})
		news, writes = append(news, p), append(writes, put)
		if len(writes) == ledger.MaxWrites {
			break // the next survey notifies of the others
		}
	}
	if len(news) == 0 {
		return nil
	}
	n := note(news)
	if err := s.AlarmTopic.Publish(ctx, n.Subject, n.Text); err != nil {
		return fmt.Errorf("announce what is wrong: %w", err)
	}
	return ledger.Apply(ctx, s.Ledger, invocation+"#told", writes...)
}

// troubles are what keeps windows from being reported. Whoever asks by hand reads them in the
// answer; of a schedule's, people are notified, unless they pass by themselves: then the invocation
// fails, and Lambda tries again.
type troubles struct {
	byHand bool
	errs   []error
	notify []problem
}

func (t *troubles) add(about string, why error) {
	if t.byHand || transient.Is(why) {
		t.errs = append(t.errs, why)
	} else {
		t.notify = append(t.notify, problem{about: about, why: why})
	}
}

// unknown adds a document of which nobody knows whether it installs patches, once. Whoever asks by
// hand reads it in the answer.
func (t *troubles) unknown(document string, why error) {
	about := "document " + document
	if !t.byHand && !slices.ContainsFunc(t.notify, func(p problem) bool { return p.about == about }) {
		t.notify = append(t.notify, problem{about: about, why: why, every: notifyUnknownEvery})
	}
}

// unreportedNote tells why windows aren't reported.
func unreportedNote(now time.Time) func([]problem) notify.Note {
	return func(problems []problem) notify.Note {
		var reasons []error
		for _, p := range problems {
			reasons = append(reasons, p.why)
		}
		return notify.WindowsUnreported(reasons, now)
	}
}
