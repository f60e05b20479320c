package run

import (
	"fmt"
	"time"

	"quickstep/shared/input"
)

// Count writes a number of things: "1 alarm", "2 alarms".
func Count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// Span writes a duration for people: rounded to the second, without its empty parts: "1m30s", "5m",
// "2h".
func Span(d time.Duration) string { return input.Duration(d.Round(time.Second)).String() }
