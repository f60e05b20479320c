package patch

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"quickstep/shared/run"
)

func orNone(severity string) string {
	if severity == "" {
		return "(none)"
	}
	return severity
}

// spoken is a category in words.
func spoken(as string) string {
	switch as {
	case isPending:
		return "pending reboot"
	case isStill:
		return "pending reboot as before"
	case isUnlisted:
		return "announced and not listed any more"
	case isSurprise:
		return "installed without being announced"
	}
	return as
}

func count(n int, thing, more string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %s%s", n, thing, more)
}

func span(d time.Duration) string {
	if d >= 48*time.Hour {
		return fmt.Sprintf("%d days", int(d/(24*time.Hour)))
	}
	return run.Span(d.Truncate(time.Minute))
}

// used are the categories that occur, in the order in which they are told.
func used(counts map[string]int) (all []string) {
	for _, name := range append(slices.Clone(categories), slices.Sorted(maps.Keys(counts))...) {
		if counts[name] > 0 && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// tallied writes counts for people: "12 missing, 1 failed".
func tallied(counts map[string]int) string {
	text := ""
	for _, name := range used(counts) {
		if text != "" {
			text += ", "
		}
		text += strconv.Itoa(counts[name]) + " " + spoken(name)
	}
	if text == "" {
		return "nothing"
	}
	return text
}
