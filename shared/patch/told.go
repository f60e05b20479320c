package patch

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"quickstep/shared/ledger"
	"quickstep/shared/notify"
	"quickstep/shared/passing"
)

// daily is how often people are told the same: a schedule meets each hour what is wrong.
const daily = 24 * time.Hour

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

// once tells people what is wrong with something, once a day.
func (s Survey) once(ctx context.Context, invocation, about string, why error, n notify.Note, now time.Time) error {
	var last told
	key := toldKey(about)
	rev, err := ledger.Read(ctx, s.Ledger, key, &last)
	if err != nil || now.Sub(last.At) < daily {
		return err
	}
	if err := s.Alarm.Publish(ctx, n.Subject, n.Text); err != nil {
		return fmt.Errorf("announce what is wrong (%s): %w", about, err)
	}
	return ledger.Apply(ctx, s.Ledger, invocation+"#told-"+key.SK, ledger.Put(key, rev, told{why.Error(), now}))
}

// trouble is what keeps a window from being reported. Whoever asks by hand reads it in the answer; a schedule's is told to
// people, unless it passes by itself: then the invocation fails, and Lambda tries again.
func (s Survey) trouble(ctx context.Context, invocation string, q Request, about string, why error, now time.Time) error {
	if q.Scheduled.IsZero() || passing.Is(why) {
		return why
	}
	slog.Warn("survey", "outcome", "not reported", "reason", why.Error())
	return s.once(ctx, invocation, about, why, unreported(why, now), now)
}

// unreported tells that a maintenance window can't be reported.
func unreported(why error, now time.Time) notify.Note {
	return notify.Note{Subject: "Quickstep: a maintenance window isn't reported", Text: strings.Join([]string{
		"A maintenance window that the schedule is to report can't be. This is said once a day; the other windows are reported as usual.", "",
		"Why:    " + why.Error(), "When:   " + clock(now), "",
		"Next:   mend what the reason says; the next survey, within the hour, then reports it, unless it has opened.", ""}, "\n")}
}
