package rolling

import (
	"context"
	"errors"
	"fmt"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/run"
)

// Boots is how a boot id is read: a command through Systems Manager, whose answer is fetched later.
type Boots interface {
	Managed(ctx context.Context, instance string) (bool, error)
	AskBoot(ctx context.Context, instance string, windows bool) (command string, err error)
	BootAnswer(ctx context.Context, instance, command string) (boot string, done bool, err error)
}

const (
	// bootAnswer is how long to wait between two looks for an answer; commands take one to three seconds.
	bootAnswer = 3 * time.Second
	// bootPatience is how long an answer may take: Systems Manager gives up delivering after 30 s.
	bootPatience = 40 * time.Second
	// bootQuestions is how many questions in a row may go unanswered before an id counts as unreadable.
	bootQuestions = 3
)

// readBoot gets one step further in reading the boot id: it asks, or fetches the answer. id is empty while there is none;
// why then says what it waits for. Questions without a usable answer are counted in Boot.Asked.
func readBoot(ctx context.Context, boots Boots, w *choreo.Work[*run.Instance], now time.Time) (id, why string, err error) {
	boot := &w.Item.Boot
	if boot.Command == "" {
		boot.Command, err = boots.AskBoot(ctx, w.Item.ID, w.Item.Windows)
		if errors.Is(err, run.ErrUnmanaged) {
			boot.Asked++
			return "", "Systems Manager doesn't reach the instance yet", nil
		}
		boot.AskedAt = now
		return "", "asked for the boot id", err
	}
	id, done, err := boots.BootAnswer(ctx, w.Item.ID, boot.Command)
	if err != nil {
		return "", "", fmt.Errorf("read the boot id of %s: %w", w.Item.ID, err)
	}
	if !done && now.Before(boot.AskedAt.Add(bootPatience)) {
		return "", "waiting for the boot id", nil
	}
	boot.Command = ""
	if id == "" {
		boot.Asked++
		return "", "Systems Manager gave no boot id", nil
	}
	boot.Asked = 0
	return id, "", nil
}
