package input

import (
	"fmt"
	"strconv"
	"strings"
)

// Codes are accepted HTTP status codes, as ranges; a single code is a range of one.
type Codes [][2]int

// The status codes with which an answer can end: those below 200 say that one is to come.
const (
	lowestCode  = 200
	highestCode = 599
)

// ParseCodes reads the form of a target group's matcher: "200", "200,302" or "200-299".
func ParseCodes(text string) (Codes, error) {
	var all Codes
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			last = first
		}
		low, lowOK := parseCode(first)
		high, highOK := parseCode(last)
		if !lowOK || !highOK || low > high {
			return nil, fmt.Errorf("%q are no status codes of %d to %d", text, lowestCode,
				highestCode)
		}
		all = append(all, [2]int{low, high})
	}
	return all, nil
}

// parseCode takes three digits, without a sign: strconv alone would take +200.
func parseCode(text string) (code int, ok bool) {
	code, err := strconv.Atoi(text)
	return code, err == nil && len(text) == 3 && code >= lowestCode && code <= highestCode
}

// Has says whether a code is one of them.
func (c Codes) Has(code int) bool {
	for _, r := range c {
		if r[0] <= code && code <= r[1] {
			return true
		}
	}
	return false
}

// String writes the form that ParseCodes reads.
func (c Codes) String() string {
	parts := make([]string, 0, len(c))
	for _, r := range c {
		if r[0] == r[1] {
			parts = append(parts, strconv.Itoa(r[0]))
			continue
		}
		parts = append(parts, fmt.Sprintf("%d-%d", r[0], r[1]))
	}
	return strings.Join(parts, ",")
}
