package storm

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"quickstep/tests/world"
)

// nothing is the notation of the case in which nothing goes wrong.
const nothing = "nothing"

// part is one number of a case in its notation, with the word that goes with it, if one does.
type part struct {
	format string
	n      *int
	word   *string
}

// parts are all of a case but its faults. What is added to Case is added here.
func (c *Case) parts() []part {
	return []part{
		{"fleet %d", &c.Fleet, nil},
		{"delivery %d twice", &c.Twice, nil},
		{"message %d again later", &c.Late, nil},
		{"effect %d slow", &c.Slow, nil},
		{"frozen before effect %d", &c.Frozen, nil},
		{"%s after effect %d", &c.After, &c.Command},
		{"run-2 at effect %d", &c.Second, nil},
	}
}

// String is the notation that ParseCase reads.
func (c Case) String() string {
	var all []string
	for _, n := range slices.Sorted(maps.Keys(c.Faults)) {
		all = append(all, fmt.Sprintf("%s at effect %d", c.Faults[n], n))
	}
	for _, p := range c.parts() {
		switch {
		case *p.n == 0:
		case p.word != nil:
			all = append(all, fmt.Sprintf(p.format, *p.word, *p.n))
		default:
			all = append(all, fmt.Sprintf(p.format, *p.n))
		}
	}
	if len(all) == 0 {
		return nothing
	}
	return strings.Join(all, ", ")
}

// ParseCase reads what String writes.
func ParseCase(text string) (c Case, err error) {
	if text == nothing {
		return c, nil
	}
	for _, words := range strings.Split(text, ", ") {
		if !c.read(words) {
			return Case{}, fmt.Errorf("case %q: no case has the part %q", text, words)
		}
	}
	if again := c.String(); again != text {
		return Case{}, fmt.Errorf("case %q: it is written %q", text, again)
	}
	return c, nil
}

// read takes one part into the case.
func (c *Case) read(words string) bool {
	var n int
	for _, f := range world.Faults {
		if _, err := fmt.Sscanf(words, f.String()+" at effect %d", &n); err == nil {
			if c.Faults == nil {
				c.Faults = map[int]world.Fault{}
			}
			c.Faults[n] = f
			return true
		}
	}
	for _, p := range c.parts() {
		var word string
		into := []any{&n}
		if p.word != nil {
			into = []any{&word, &n}
		}
		if _, err := fmt.Sscanf(words, p.format, into...); err != nil {
			continue
		}
		*p.n = n
		if p.word != nil {
			*p.word = word
		}
		return true
	}
	return false
}

// Trial is one thing to try: the storm of a seed, or a case of a small run where the seed is 0.
type Trial struct {
	Seed uint64
	Case Case
}

// String is the notation that ParseTrial reads.
func (t Trial) String() string {
	if t.Seed > 0 {
		return fmt.Sprintf("seed %d", t.Seed)
	}
	return t.Case.String()
}

// ParseTrial reads what String writes.
func ParseTrial(text string) (t Trial, err error) {
	if _, err := fmt.Sscanf(text, "seed %d", &t.Seed); err == nil && t.String() == text {
		return t, nil
	}
	t.Seed = 0
	t.Case, err = ParseCase(text)
	return t, err
}

// Run makes the trial.
func (t Trial) Run() (Result, error) {
	if t.Seed > 0 {
		return Run(Draw(t.Seed))
	}
	tried, err := Try(t.Case)
	return tried.Result, err
}
