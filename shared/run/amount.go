package run

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Amount is a number of things or a percentage of them: 2 or "25%" in JSON.
type Amount struct {
	N       int
	Percent bool // N is a percentage, 0 to 100
}

// Count writes a number of things: "1 alarm", "2 alarms".
func Count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// Down is the amount of total, a percentage rounded down.
func (a Amount) Down(total int) int {
	if a.Percent {
		return total * a.N / 100
	}
	return a.N
}

// Up is the amount of total, a percentage rounded up.
func (a Amount) Up(total int) int {
	if a.Percent {
		return (total*a.N + 99) / 100
	}
	return a.N
}

func (a Amount) String() string {
	if a.Percent {
		return strconv.Itoa(a.N) + "%"
	}
	return strconv.Itoa(a.N)
}

// MarshalJSON writes the form in which an operator writes it.
func (a Amount) MarshalJSON() ([]byte, error) {
	if a.Percent {
		return json.Marshal(a.String())
	}
	return json.Marshal(a.N)
}

// UnmarshalJSON takes 2, "2" (what the console's forms send) and "25%".
func (a *Amount) UnmarshalJSON(text []byte) error {
	s := strings.Trim(string(text), `"`)
	number, percent := strings.CutSuffix(s, "%")
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 || (percent && n > 100) || n > 1_000_000 {
		return fmt.Errorf(`%s is no amount; give a number such as 2 or a percentage such as "25%%"`, text)
	}
	a.N, a.Percent = n, percent
	return nil
}

// Duration is a time.Duration that is written as "90s" or "5m" in JSON.
type Duration time.Duration

func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalJSON writes "1m30s", "5m", "2h", exactly.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

// UnmarshalJSON takes what time.ParseDuration takes, in quotes.
func (d *Duration) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf(`%s is no duration; give text such as "90s" or "5m"`, text)
	}
	v, err := time.ParseDuration(s)
	if err != nil || v < 0 {
		return fmt.Errorf(`%q is no duration; give text such as "90s" or "5m"`, s)
	}
	*d = Duration(v)
	return nil
}

// Span writes a duration for people: rounded to the second, without its empty parts: "1m30s", "5m", "2h".
func Span(d time.Duration) string { return Duration(d.Round(time.Second)).String() }
