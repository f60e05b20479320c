package emulator

import (
	"testing"
	"time"
)

func TestAScheduleFiresAtAFullMinuteAfterTheEmulatorHasSeenIt(t *testing.T) {
	for second, want := range map[int]string{0: "02:01:00", 1: "02:01:00", 40: "02:01:00", 41: "02:02:00", 59: "02:02:00"} {
		now := time.Date(2026, 1, 4, 2, 0, second, 0, time.UTC)
		if got := Firing(now).Format(time.TimeOnly); got != want {
			t.Errorf("%s: %s, want %s", now.Format(time.TimeOnly), got, want)
		}
	}
}
