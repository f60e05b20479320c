package choreo

import "time"

// Seconds is a clock that shows whole seconds, UTC: what people read in the ledger and in messages, and small there.
func Seconds(now func() time.Time) func() time.Time {
	return func() time.Time { return now().UTC().Truncate(time.Second) }
}
