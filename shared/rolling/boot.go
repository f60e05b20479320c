package rolling

import (
	"context"
	"errors"
	"fmt"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/run"
)

const (
	// bootAnswer is how long to wait between two looks for an answer; commands take one to three
	// seconds.
	bootAnswer = 3 * time.Second
	// bootPatience is how long an answer may take: Systems Manager gives up delivering after 30 s.
	bootPatience = 40 * time.Second
	// bootQuestions is how many questions in a row may go unanswered before an id counts as
	// unreadable, and how often the old boot's id is asked for again.
	bootQuestions = 3
	// bootFresh is how old the old boot's id may be at the call: others may reboot the instance
	// meanwhile.
	bootFresh = 30 * time.Second
)

// bootReading is what an instance has said about its boot, between two moments of our clock.
type bootReading struct {
	run.BootAnswer
	sentAt, readAt time.Time
}

// readBoot gets one step further in reading the boot: it asks, or fetches the answer. The reading's
// ID is empty while there is none; why then says what it waits for. Questions without a usable
// answer are counted in Boot.Asked; sentAt then says when the latest of them was sent.
func readBoot(
	ctx context.Context, boots Boots, i *run.Instance, clock func() time.Time,
) (r bootReading, why string, err error) {
	boot := &i.Boot
	if boot.Command == "" {
		sentAt := clock()
		boot.Command, err = boots.AskBoot(ctx, i.ID, i.Windows)
		if errors.Is(err, run.ErrUnmanaged) {
			boot.Asked++
			r.sentAt = sentAt
			return r, "Systems Manager doesn't reach the instance yet", nil
		}
		boot.AskedAt = sentAt
		return r, "asked for the boot id", err
	}

	answer, done, err := boots.BootAnswer(ctx, i.ID, boot.Command)
	now := choreo.After(clock())
	if err != nil {
		return r, "", fmt.Errorf("read the boot id of %s: %w", i.ID, err)
	}
	if !done && now.Before(boot.AskedAt.Add(bootPatience)) {
		return r, "waiting for the boot id", nil
	}

	boot.Command = ""
	if answer.ID == "" {
		boot.Asked++
		r.sentAt = boot.AskedAt
		return r, "Systems Manager gave no boot id", nil
	}
	boot.Asked = 0
	return bootReading{BootAnswer: answer, sentAt: boot.AskedAt, readAt: now}, "", nil
}
