package input

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Amount is a number of things or a percentage of them: 2 or "25%" in JSON.
type Amount struct {
	N       int
	Percent bool // N is a percentage, 0 to 100
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
		return fmt.Errorf(`%s is no amount; give a number such as 2 or a percentage such as "25%%"`,
			text)
	}
	a.N, a.Percent = n, percent
	return nil
}
