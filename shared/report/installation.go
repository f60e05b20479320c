package report

import (
	"strings"
	"time"
)

// Installation is when a patch was installed, compared with the opening of a window.
type Installation int

// What can be told of it.
const (
	// TimeUnknown: Systems Manager tells no time. "Not all operating systems provide this."
	TimeUnknown Installation = iota
	BeforeOpening
	// OnTheDay: only the day is known, and the window may have opened before or after.
	OnTheDay
	SinceOpening
)

const (
	day = 24 * time.Hour
	// east and west are how far clocks are ahead of UTC and behind it at most.
	east, west = 14 * time.Hour, 12 * time.Hour
	// longestDay is that on which the clocks are set back.
	longestDay = 25 * time.Hour
)

// installation compares the time at which a node says that a patch was installed with the opening
// of a window. What a patch state shows was there when its operation ended.
func (s *Scan) installation(p Patch, opening time.Time) Installation {
	last := s.LastState()
	seenBefore := last != nil && last.Ended.Before(opening)
	switch from, until := p.installed(s.Windows()); {
	case p.Installed.IsZero() && !seenBefore:
		return TimeUnknown
	case p.Installed.IsZero():
		return BeforeOpening
	case !from.Before(opening):
		return SinceOpening
	case !until.After(opening) || (seenBefore && from.Before(last.Ended)):
		return BeforeOpening
	}
	return OnTheDay
}

// installed is the time between which a patch was installed, until excluded. Windows Server knows
// the day alone, in the zone of the node, which nobody else knows: its midnight, or that of UTC.
// In a text with twelve hours midnight is 12:00. Other systems tell seconds.
func (p Patch) installed(windows bool) (from, until time.Time) {
	t := p.Installed.UTC()
	midnight := t.Truncate(day)
	quarter := t.Equal(t.Truncate(15 * time.Minute)) // zones differ by quarters of an hour
	switch {
	case t.Equal(midnight), windows && t.Equal(midnight.Add(day/2)):
		return midnight.Add(-east), midnight.Add(longestDay + west)
	case windows && quarter:
		return t, t.Add(longestDay)
	}
	return t, t.Add(time.Nanosecond)
}

// Windows says that a node runs Windows.
func (n Node) Windows() bool { return strings.Contains(n.Platform, "Windows") }
