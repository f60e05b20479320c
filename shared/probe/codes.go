package probe

import (
	"fmt"
	"strconv"
	"strings"
)

// codes are accepted HTTP status codes, as ranges; a single code is a range of one.
type codes [][2]int

// defaultCodes is the default of a target group's matcher.
const defaultCodes = "200"

// parseCodes reads the form of a target group's matcher: "200", "200,302" or "200-299".
func parseCodes(s string) (codes, error) {
	if s == "" {
		s = defaultCodes
	}
	var c codes
	for _, part := range strings.Split(s, ",") {
		first, last, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			last = first
		}
		low, errLow := strconv.Atoi(first)
		high, errHigh := strconv.Atoi(last)
		if errLow != nil || errHigh != nil || low < 100 || high > 599 || low > high {
			return nil, fmt.Errorf("the accepted codes %q can't be read; give them like 200, 200,302 or 200-299", s)
		}
		c = append(c, [2]int{low, high})
	}
	return c, nil
}

func (c codes) has(code int) bool {
	for _, r := range c {
		if r[0] <= code && code <= r[1] {
			return true
		}
	}
	return false
}

func (c codes) String() string {
	var parts []string
	for _, r := range c {
		if r[0] == r[1] {
			parts = append(parts, strconv.Itoa(r[0]))
			continue
		}
		parts = append(parts, fmt.Sprintf("%d-%d", r[0], r[1]))
	}
	return strings.Join(parts, ",")
}
