package rolling

import (
	"context"
	"fmt"
	"time"

	"quickstep/shared/run"
)

// proof says why the present boot can't be believed to be a new one; empty: it can. wait is how
// long that will take at most, if it is a matter of time alone; zero if it isn't.
func (c Check) proof(
	ctx context.Context, i *run.Instance,
) (unproven string, wait time.Duration, err error) {
	// asked while the application starts, so that the answer is there once it has
	if i.Boot.Old != "" && !i.Boot.New {
		if unproven, wait, err = c.newBoot(ctx, i); unproven != "" || err != nil {
			return unproven, wait, err
		}
	}

	rest := i.RebootedAt.Add(run.HungReboot).Sub(c.Now())
	if i.RebootCalls > 1 && rest > 0 {
		return "it was asked to reboot more than once; waiting until no further reboot can come", rest, nil
	}
	if i.Boot.Old == "" && i.SeenDown.IsZero() && rest > 0 {
		return fmt.Sprintf(
			"it was never seen down, and has no readable boot id; believed %s after the reboot",
			run.Span(run.HungReboot),
		), rest, nil
	}
	return "", 0, nil
}

// newBoot asks which boot the instance is on, and says why that isn't the one that the reboot
// brought about; empty: it is.
func (c Check) newBoot(
	ctx context.Context, i *run.Instance,
) (unproven string, wait time.Duration, err error) {
	read, why, err := readBoot(ctx, c.Boots, i, c.Now)
	switch {
	case err != nil:
		return "", 0, err
	case read.ID == "" && i.Boot.Command != "":
		return why, bootAnswer, nil
	case read.ID == "":
		if !i.PassingSince.IsZero() && !read.sentAt.Before(i.PassingSince) {
			i.Boot.Unanswered++
		}
		return why, 0, nil
	}
	i.Boot.Unanswered = 0

	hung := i.RebootedAt.Add(run.HungReboot)
	early := read.sentAt.Before(hung)
	// the answer is of then: whoever comes late asks again before giving up
	if early && !c.Now().Before(hung) {
		wait = bootAnswer
	}
	switch i.Booted(read.BootAnswer, read.sentAt, read.readAt) {
	case run.OldBoot:
		return "the instance is still on its old boot", wait, nil
	case run.TheirBoot:
		i.Boot.Old, i.Boot.OldAt = read.ID, read.sentAt
		return "the instance is on a boot that began before it was asked to reboot", wait, nil
	case run.Unclear:
		if early {
			return "the instance is on another boot, which may have begun before it was asked to reboot", wait, nil
		}
	}
	i.Boot = run.Boot{Old: i.Boot.Old, New: true}
	return "", 0, nil
}
