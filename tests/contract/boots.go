package contract

import (
	"context"
	"errors"
	"regexp"
	"testing"
	"time"

	"quickstep/shared/run"
)

// Boots is how a boot id is read, through Systems Manager.
type Boots interface {
	Managed(ctx context.Context, instance string) (bool, error)
	AskBoot(ctx context.Context, instance string, windows bool) (command string, err error)
	BootAnswer(ctx context.Context, instance, command string) (answer run.BootAnswer, done bool, err error)
}

// BootsFixture is a Region with instances that run.
type BootsFixture struct {
	Port               Boots
	Linux, Windows     string // Systems Manager reaches them
	Unmanaged, Unknown string // it doesn't reach the one; the other doesn't exist
	// Reboot reboots an instance and returns once it is well again.
	Reboot func(t *testing.T, instance string)
	Wait   Wait
}

// ExerciseBoots tests the reading of boots.
func ExerciseBoots(t *testing.T, open func(t *testing.T) BootsFixture) {
	t.Helper()
	exercise(t, open, []part[BootsFixture]{
		{"it is known which instances are managed", bootsManaged},
		{"an answer takes a while, then stays", bootsPending},
		{"a boot id of Linux is a uuid", func(t *testing.T, f BootsFixture) {
			if id := f.boot(t, f.Linux, false); !uuid.MatchString(id) {
				t.Errorf("the boot id is %q", id)
			}
		}},
		{"a boot of Windows is a time", func(t *testing.T, f BootsFixture) {
			id := f.boot(t, f.Windows, true)
			if _, err := time.Parse(time.RFC3339Nano, id); err != nil {
				t.Errorf("the boot is %q", id)
			}
		}},
		{"two questions about one boot have one answer", func(t *testing.T, f BootsFixture) { bootsSame(t, f, f.Linux, false) }},
		{"two questions about one boot of Windows have one answer", func(t *testing.T, f BootsFixture) { bootsSame(t, f, f.Windows, true) }},
		{"a reboot makes another boot", func(t *testing.T, f BootsFixture) { bootsAnother(t, f, f.Linux, false) }},
		{"a reboot makes another boot of Windows", func(t *testing.T, f BootsFixture) { bootsAnother(t, f, f.Windows, true) }},
		{"the uptime counts from the boot", bootsUptime},
		{"asking an instance that isn't reached is ErrUnmanaged", bootsUnmanaged},
		{"a command that nobody gave has no answer yet", bootsNoCommand},
	})
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// answerTime is how long a command may take on an instance that is up.
const answerTime = 40 * time.Second

func (f BootsFixture) boot(t *testing.T, instance string, windows bool) string {
	t.Helper()
	return f.answer(t, instance, windows).ID
}

func (f BootsFixture) answer(t *testing.T, instance string, windows bool) (boot run.BootAnswer) {
	t.Helper()
	command := must(f.Port.AskBoot(t.Context(), instance, windows))(t)
	f.Wait.until(t, "an answer", answerTime, func() bool {
		got, done, err := f.Port.BootAnswer(t.Context(), instance, command)
		ok(t, err)
		boot = got
		return done
	})
	return boot
}

func bootsManaged(t *testing.T, f BootsFixture) {
	for id, want := range map[string]bool{f.Linux: true, f.Windows: true, f.Unmanaged: false, f.Unknown: false} {
		if got := must(f.Port.Managed(t.Context(), id))(t); got != want {
			t.Errorf("%s is managed: %t, want %t", id, got, want)
		}
	}
}

func bootsPending(t *testing.T, f BootsFixture) {
	command := must(f.Port.AskBoot(t.Context(), f.Linux, false))(t)
	boot, done, err := f.Port.BootAnswer(t.Context(), f.Linux, command)
	if err != nil || (!done && boot.ID != "") {
		t.Errorf("at once: %+v, %t, %v", boot, done, err)
	}
	f.Wait(answerTime)
	first, done, err := f.Port.BootAnswer(t.Context(), f.Linux, command)
	if err != nil || !done || first.ID == "" || first.Uptime <= 0 {
		t.Fatalf("later: %+v, %t, %v", first, done, err)
	}
	again, done, err := f.Port.BootAnswer(t.Context(), f.Linux, command)
	if err != nil || !done || again != first {
		t.Errorf("later still: %+v, %t, %v", again, done, err)
	}
}

func bootsSame(t *testing.T, f BootsFixture, id string, windows bool) {
	a := f.boot(t, id, windows)
	f.Wait(time.Minute)
	if b := f.boot(t, id, windows); !run.SameBoot(a, b) {
		t.Errorf("one boot is %q and %q", a, b)
	}
}

func bootsAnother(t *testing.T, f BootsFixture, id string, windows bool) {
	a := f.boot(t, id, windows)
	f.Reboot(t, id)
	if b := f.boot(t, id, windows); run.SameBoot(a, b) {
		t.Errorf("both boots are %q", a)
	}
}

func bootsUptime(t *testing.T, f BootsFixture) {
	for id, windows := range map[string]bool{f.Linux: false, f.Windows: true} {
		f.Reboot(t, id)
		first := f.answer(t, id, windows)
		f.Wait(time.Minute)
		second := f.answer(t, id, windows)
		if grown := second.Uptime - first.Uptime; grown < 50*time.Second || grown > 2*time.Minute {
			t.Errorf("within a minute the uptime went from %s to %s", first.Uptime, second.Uptime)
		}
	}
}

func bootsUnmanaged(t *testing.T, f BootsFixture) {
	for _, id := range []string{f.Unmanaged, f.Unknown} {
		_, err := f.Port.AskBoot(t.Context(), id, false)
		if final(t, id, err); !errors.Is(err, run.ErrUnmanaged) {
			t.Errorf("%s: %v, want ErrUnmanaged", id, err)
		}
	}
}

func bootsNoCommand(t *testing.T, f BootsFixture) {
	boot, done, err := f.Port.BootAnswer(t.Context(), f.Linux, "00000000-0000-4000-8000-000000000000")
	if boot.ID != "" || done || err != nil {
		t.Errorf("%+v, %t, %v", boot, done, err)
	}
}
