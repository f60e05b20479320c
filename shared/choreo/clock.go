package choreo

import "time"

// Milliseconds is a clock that shows whole milliseconds, UTC: as exact as what AWS does in between
// can be told, and short enough in the ledger and in messages. It shows a moment up to one
// millisecond early: a time that must not lie before what it stands for is noted by After.
func Milliseconds(now func() time.Time) func() time.Time {
	return func() time.Time { return now().UTC().Truncate(time.Millisecond) }
}

// After is the first moment that such a clock shows once what has just ended is certainly over.
func After(now time.Time) time.Time { return now.Add(time.Millisecond) }
