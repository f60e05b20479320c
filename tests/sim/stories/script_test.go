package stories_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// script is a story as it was written:
//
//	The reboot never comes back.          title and sentences, up to the first empty line
//	What happens is this …
//
//	fleet 4 web:8080 api:9090             what there is
//	machine 1 never-returns
//	ask maxErrors=1                       what happens, in this order; times count from the first request
//	at 5m purge
//	until over
//	---
//	   0s  run-1  is asked for …          what an operator sees
//
// The words of the language are in story_words_test.go.
type script struct {
	file, text, trace string
	lines             []scriptLine
}

type scriptLine struct {
	number int
	words  []string
}

// parseScript reads a story and refuses words that it doesn't know.
func parseScript(file, text string) (*script, error) {
	text, trace, _ := strings.Cut(text, "---\n")
	s := &script{file: file, text: text, trace: trace}
	lines := strings.Split(text, "\n")
	prose := slices.Index(lines, "")
	if prose < 1 {
		return nil, fmt.Errorf("%s: a story needs a title, an empty line, and what happens", file)
	}
	for n, line := range lines[prose:] {
		if words := strings.Fields(line); len(words) > 0 {
			s.lines = append(s.lines, scriptLine{prose + n + 1, words})
		}
	}
	if len(s.lines) == 0 {
		return nil, fmt.Errorf("%s: nothing happens", file)
	}
	for _, l := range s.lines {
		word := l.words[0]
		if word == "at" && len(l.words) > 2 {
			word = l.words[2]
		}
		if vocabulary[word] == nil {
			return nil, fmt.Errorf(
				"%s:%d: %s is no word; there are %s",
				file,
				l.number,
				word,
				strings.Join(slices.Sorted(maps.Keys(vocabulary)), ", "),
			)
		}
	}
	return s, nil
}

// player plays a story.
type player struct {
	t     *testing.T
	file  string
	fleet *sim.Fleet
	trace *journal

	begun  time.Time // when the first request was made
	asked  int
	rules  map[string]bool // that were there at first, and whether they were enabled
	faults []func(world.Op) world.Fault
	closed map[string]time.Time // functions that are throttled, and until when
}

func (p *player) do(l scriptLine) (err error) {
	defer func() { // the world panics when it is asked for what it doesn't have
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	return vocabulary[l.words[0]](p, l.words[1:])
}

func tryAll(t *testing.T, s *script) error {
	t.Helper()
	p := newPlayer(t, s.file)
	for _, l := range s.lines {
		if err := p.do(l); err != nil {
			return fmt.Errorf("%s:%d: %w", s.file, l.number, err)
		}
	}
	return nil
}

// at goes on until a time and does something then.
func (p *player) at(args []string) error {
	if len(args) < 2 {
		return errors.New("at needs a time and what happens then")
	}
	if err := p.until(args[:1]); err != nil {
		return err
	}
	return vocabulary[args[1]](p, args[2:])
}

// storyLimit is longer than any run of a story takes.
const storyLimit = 72 * time.Hour

// until goes on until a time, or until every run is over.
func (p *player) until(args []string) error {
	if len(args) != 1 {
		return errors.New("until needs a time, or over")
	}
	if args[0] == "over" {
		return p.fleet.Run(p.fleet.Over, storyLimit)
	}
	d, err := time.ParseDuration(args[0])
	if err != nil {
		return fmt.Errorf("at %s: %w", args[0], err)
	}
	rest := p.begun.Add(d).Sub(p.fleet.Now())
	if rest < 0 {
		return fmt.Errorf("%s is past: it is %s", d, p.since(p.fleet.Now()))
	}
	p.fleet.Advance(rest)
	return nil
}

func (p *player) since(at time.Time) time.Duration { return at.Sub(p.begun).Truncate(time.Second) }

// machine reads the number of a machine, and gives its id.
func (p *player) machine(args []string) (id string, rest []string, err error) {
	if len(args) == 0 {
		return "", nil, errors.New("machine needs a number")
	}
	n, err := strconv.Atoi(args[0])
	if err != nil || !slices.Contains(p.fleet.IDs, sim.ID(n)) {
		return "", nil, fmt.Errorf("there is no machine %s", args[0])
	}
	return sim.ID(n), args[1:], nil
}

// fault is what goes wrong with a call, by what the story has said so far.
func (p *player) fault(op world.Op) world.Fault {
	for _, f := range p.faults {
		if fault := f(op); fault != world.None {
			return fault
		}
	}
	return world.None
}

// throttled says whether a function's code is kept from running.
func (p *player) throttled(function string) bool {
	now := p.fleet.Now()
	return now.Before(p.closed[function]) || now.Before(p.closed["everything"])
}

func newPlayer(t *testing.T, file string) *player {
	t.Helper()
	p := &player{
		t:      t,
		file:   file,
		fleet:  simtest.Empty(t, 1),
		begun:  sim.Began,
		rules:  map[string]bool{},
		closed: map[string]time.Time{},
	}
	p.trace = newJournal(p)
	p.fleet.Fault, p.fleet.Throttled = p.fault, p.throttled
	p.fleet.Also(p.trace.see)
	return p
}
