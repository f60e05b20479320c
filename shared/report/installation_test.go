package report

import (
	"testing"
	"time"
)

// An evening window in New York: it opens on November 14 at 22:00, which is 03:00 UTC of the 15th.
func TestAnInstallationIsComparedByWhatIsKnownOfItsTime(t *testing.T) {
	const windows, linux = "Microsoft Windows Server 2022 Datacenter 10.0.20348", "Amazon Linux 2023"
	at := func(text string) time.Time {
		when, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	opening := at("2026-11-15T03:00:00Z")
	for _, c := range []struct {
		name      string
		platform  string
		installed string
		ended     string // of the operation whose state shows the patch
		want      Installation
	}{
		{"a second before the opening", linux, "2026-11-15T02:59:59Z", "2026-11-15T05:00:00Z", BeforeOpening},
		{"right at the opening", linux, "2026-11-15T03:00:00Z", "2026-11-15T05:00:00Z", SinceOpening},
		{"an hour's sharp, where seconds are known", linux, "2026-11-15T02:00:00Z", "2026-11-15T05:00:00Z", BeforeOpening},
		{"no time", linux, "", "2026-11-15T05:00:00Z", TimeUnknown},
		{"no time, in a state from before the opening", linux, "", "2026-11-15T02:00:00Z", BeforeOpening},
		{"no time and no state", linux, "", "", TimeUnknown},

		{"the evening's day, written as UTC's midnight", windows, "2026-11-14T00:00:00Z", "2026-11-15T05:00:00Z", OnTheDay},
		{"the evening's day, at New York's midnight", windows, "2026-11-14T05:00:00Z", "2026-11-15T05:00:00Z", OnTheDay},
		{"the evening's day, at a midnight of twelve hours", windows, "2026-11-14T12:00:00Z", "2026-11-15T05:00:00Z", OnTheDay},
		{"UTC's day", windows, "2026-11-15T00:00:00Z", "2026-11-15T05:00:00Z", OnTheDay},
		{"the day before, at New York's midnight", windows, "2026-11-13T05:00:00Z", "2026-11-15T05:00:00Z", BeforeOpening},
		{"two days before", windows, "2026-11-13T00:00:00Z", "2026-11-15T05:00:00Z", BeforeOpening},
		{"the day after, at New York's midnight", windows, "2026-11-15T05:00:00Z", "2026-11-16T05:00:00Z", SinceOpening},
		{"the day after that", windows, "2026-11-16T00:00:00Z", "2026-11-17T05:00:00Z", SinceOpening},
		{"the day of the opening, in a state from before it", windows, "2026-11-14T00:00:00Z", "2026-11-14T20:00:00Z", BeforeOpening},
		{"a midnight where seconds are known: it may be a day", linux, "2026-11-15T00:00:00Z", "2026-11-15T05:00:00Z", OnTheDay},
		{"a midnight in India, which is half an hour off", windows, "2026-11-14T18:30:00Z", "2026-11-15T05:00:00Z", OnTheDay},
		{"seconds, of Windows after all", windows, "2026-11-15T02:59:59Z", "2026-11-15T05:00:00Z", BeforeOpening},
	} {
		s := &Scan{Node: Node{Platform: c.platform}}
		if c.ended != "" {
			s.Patched = &State{Ended: at(c.ended)}
		}
		p := Patch{}
		if c.installed != "" {
			p.Installed = at(c.installed)
		}
		if got := s.installation(p, opening); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
