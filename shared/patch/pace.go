package patch

import (
	"context"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/sanitize"
)

const (
	// maxScanSpacing is the time from one scan to the next: DescribeInstancePatches is throttled
	// by the account, and others need it too; at four calls a second 5,000 instances take 21
	// minutes.
	maxScanSpacing = 250 * time.Millisecond
	// superviseEvery is the longest time between two looks at scans that are under way.
	superviseEvery = 5 * time.Minute
	// pageMargin is the time that must be left for another page: one call of the SDK with its
	// retries takes 34 seconds at worst, and one write follows.
	pageMargin = 45 * time.Second
)

// scanSpacing is the time from one to the next of n scans: maxScanSpacing, or less if they
// wouldn't all have begun when half of the time that is left is over; but never so little that
// they are a burst.
func scanSpacing(left time.Duration, n int) time.Duration {
	return min(maxScanSpacing, max(left/2/time.Duration(max(n, 1)), 20*time.Millisecond))
}

// superviseDelay is how long it is until the report looks at its scans again, left before their
// deadline: three times at least, for one whose message was lost, or whose handler died, is to
// have another try.
func superviseDelay(left time.Duration) time.Duration {
	return min(left, superviseEvery, max(left/3, choreo.Grace))
}

// sanitizeAll makes remarks fit to be kept: what they name is from others.
func sanitizeAll(remarks []string) (all []string) {
	for _, r := range remarks {
		all = append(all, sanitize.Text(r))
	}
	return all
}

// nearDeadline says that too little time is left for another round.
func nearDeadline(ctx context.Context, now time.Time) bool {
	deadline, ok := ctx.Deadline()
	return ok && deadline.Sub(now) < pageMargin
}
