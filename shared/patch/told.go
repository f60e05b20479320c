package patch

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"time"

	"quickstep/shared/ledger"
	"quickstep/shared/notify"
	"quickstep/shared/sanitize"
	"quickstep/shared/transient"
)

// daily is how often people are told the same: a schedule meets each hour what is wrong.
const daily = 24 * time.Hour

// problem is what is wrong with something that a schedule asks for. about tells it from others:
// reasons may differ each time.
type problem struct {
	about string
	why   error
}

// told is what people were told last of something.
type told struct {
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// Expiry is when it may be forgotten.
func (t told) Expiry() time.Time { return t.At.Add(7 * daily) }

// toldKey is the key of what people were told of something.
func toldKey(about string) ledger.Key {
	return ledger.Key{PK: "SURVEY", SK: fmt.Sprintf("TOLD#%x", sha256.Sum256([]byte(about)))[:32]}
}

// once tells people of problems, of each once a day, and of all that one survey has met in one note.
func (s Survey) once(
	ctx context.Context, invocation string, all []problem, note func([]problem) notify.Note, now time.Time,
) error {
	var news []problem
	var writes []ledger.Write
	for _, p := range all {
		var last told
		key := toldKey(p.about)
		rev, err := ledger.Read(ctx, s.Ledger, key, &last)
		if err != nil {
			return err
		}
		if now.Sub(last.At) < daily {
			continue
		}
		slog.Warn("survey", "outcome", "told", "reason", p.why.Error())
		news, writes = append(news, p), append(writes, ledger.Put(key, rev, told{sanitize.Text(p.why.Error()), now}))
		if len(writes) == ledger.MaxWrites {
			break // the next survey tells of the others
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
// answer; of a schedule's, people are told, unless they pass by themselves: then the invocation
// fails, and Lambda tries again.
type troubles struct {
	byHand bool
	errs   []error
	told   []problem
}

func (t *troubles) add(about string, why error) {
	if t.byHand || transient.Is(why) {
		t.errs = append(t.errs, why)
	} else {
		t.told = append(t.told, problem{about, why})
	}
}

// unreported tells why windows aren't reported.
func unreported(now time.Time) func([]problem) notify.Note {
	return func(all []problem) notify.Note {
		var reasons []error
		for _, p := range all {
			reasons = append(reasons, p.why)
		}
		return notify.WindowsUnreported(reasons, now)
	}
}
