package run_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"quickstep/shared/choreo"
	"quickstep/shared/run"
)

// Where a holder of the model stands. A look is two readings, of AWS and then of the ledger, which decides; what
// was decided is written later, while others go on.
const (
	away       = iota // waits, unmarked; next it reads AWS
	seenOnce          // next it reads the ledger and decides
	cleared           // next it marks
	marked            // next it reads AWS again
	seenTwice         // next it reads the ledger again and decides: to leave, or to take the mark back
	sure              // next it writes down that it leaves
	refused           // next it takes the mark back
	leaving           // next it is deregistered
	out               // next it is healthy again
	registered        // next it is written down as back
	back
)

// fleetState is a state of the model, small enough to be a key: where each holder stands, what it read of AWS (bit
// n: holder n served), and by which groups its last look was refused.
type fleetState struct {
	at, read [3]uint8
	by       [3]uint8 // bit g: the last look was refused by group g
}

// fleetModel is holders in groups, each group with a number of further healthy targets, and its floor.
type fleetModel struct {
	groups  [][]string     // of each holder
	others  map[string]int // further healthy targets of each group
	floor   map[string]int
	names   []string
	reached map[fleetState]bool
	most    int // holders out at once, at most
}

func (m *fleetModel) serves(s fleetState) (bits uint8) {
	for n := range m.groups {
		if s.at[n] < out || s.at[n] >= registered {
			bits |= 1 << n
		}
	}
	return bits
}

// instances are the ledger's items in a state.
func (m *fleetModel) instances(s fleetState) []*run.Instance {
	all := make([]*run.Instance, len(m.groups))
	for n, groups := range m.groups {
		i := holder(fmt.Sprint("i", n), groups...)
		if s.at[n] >= marked {
			i.Leaving = now
		}
		if s.at[n] >= leaving {
			i.LeftAt, i.Step = now, run.StepReboot
			for _, g := range groups {
				i.Capture = append(i.Capture, run.Registration{Group: arn(g), Port: 80})
			}
		}
		if s.at[n] == back {
			i.BackAt, i.Position = now, choreo.Position{Step: run.Done}
		}
		for g, name := range m.names {
			if s.by[n]&(1<<g) != 0 {
				i.Refused = append(i.Refused, arn(name))
			}
		}
		all[n] = i
	}
	return all
}

// ask is holder n's verdict on what it read of AWS and on the ledger as it is.
func (m *fleetModel) ask(s fleetState, n int, second bool) run.Verdict {
	all := m.instances(s)
	plan := &run.Plan{Request: run.Defaults(), Groups: map[string]run.GroupPlan{}}
	targets := map[string][]run.Target{}
	for g, others := range m.others {
		plan.Groups[arn(g)] = run.GroupPlan{Name: g, Floor: m.floor[g]}
		for o := range others {
			targets[arn(g)] = append(targets[arn(g)], serving(fmt.Sprint("other", o))...)
		}
	}
	for h, groups := range m.groups {
		for _, g := range groups {
			if s.read[n]&(1<<h) != 0 {
				targets[arn(g)] = append(targets[arn(g)], serving(fmt.Sprint("i", h))...)
			}
		}
	}
	maps.DeleteFunc(targets, func(g string, _ []run.Target) bool { return !slices.Contains(all[n].Groups, g) })
	holders := slices.Clone(all)
	holders = slices.DeleteFunc(holders, func(i *run.Instance) bool { return i.Step == run.Done })
	look := run.Gate{
		Now:     now,
		Run:     &run.Run{ID: "r"},
		Plan:    plan,
		Me:      all[n],
		Machine: &run.Machine{ID: all[n].ID, State: "running"},
		Holders: holders,
		Targets: targets,
		Marked:  second,
	}
	return look.Decide()
}

// step takes holder n one step on.
func (m *fleetModel) step(s fleetState, n int) fleetState {
	switch s.at[n] {
	case away, marked:
		s.read[n] = m.serves(s)
		s.at[n]++
	case seenOnce, seenTwice:
		v := m.ask(s, n, s.at[n] == seenTwice)
		s.read[n], s.by[n] = 0, 0
		for g, name := range m.names {
			if slices.Contains(v.Refused, arn(name)) {
				s.by[n] |= 1 << g
			}
		}
		switch {
		case v.Answer == run.Go:
			s.at[n]++
		case s.at[n] == seenOnce:
			s.at[n] = away
		default:
			s.at[n] = refused
		}
	case cleared, leaving, out, registered:
		s.at[n]++
	case sure:
		s.at[n] = leaving
	case refused:
		s.at[n] = away
	}
	return s
}

// explore goes through every interleaving, and looks at every state.
func (m *fleetModel) explore(t *testing.T) {
	t.Helper()
	m.names = slices.Sorted(maps.Keys(m.others))
	m.reached = map[fleetState]bool{}
	for todo := []fleetState{{}}; len(todo) > 0 && !t.Failed(); {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if m.reached[s] {
			continue
		}
		m.reached[s] = true
		m.look(t, s)
		for n := range m.groups {
			todo = append(todo, m.step(s, n))
		}
	}
}

// look asks what must hold in every state: no group is below its floor, and all get away if they take turns.
func (m *fleetModel) look(t *testing.T, s fleetState) {
	t.Helper()
	gone := 0
	for g, healthy := range m.others {
		for n, groups := range m.groups {
			if (s.at[n] < leaving || s.at[n] >= registered) && slices.Contains(groups, g) {
				healthy++
			}
		}
		if healthy < m.floor[g] {
			t.Errorf(
				"group %s is left with %d healthy targets, its floor is %d: holders at %v",
				g,
				healthy,
				m.floor[g],
				s.at,
			)
		}
	}
	for n := range m.groups {
		if s.at[n] == leaving || s.at[n] == out {
			gone++
		}
	}
	m.most = max(m.most, gone)
	for round := 0; ; round++ { // each in its turn, to the end
		ended := true
		for n := range m.groups {
			for range back {
				s = m.step(s, n)
			}
			ended = ended && s.at[n] == back
		}
		if ended {
			return
		}
		if round > 2*len(m.groups) {
			t.Errorf("holders never get away, each in its turn: %v, refused by %v", s.at, s.by)
			return
		}
	}
}

func TestNobodyLeavesTogether(t *testing.T) {
	for _, c := range []struct {
		name   string
		groups [][]string
		others map[string]int
		floor  map[string]int
		most   int // how many can be out together, in some order
	}{
		{"two of one group with room for one", [][]string{{"web"}, {"web"}}, map[string]int{"web": 0}, map[string]int{"web": 1}, 1},
		{"two of one group with room for both", [][]string{{"web"}, {"web"}}, map[string]int{"web": 1}, map[string]int{"web": 1}, 2},
		{"two that share one group of two", [][]string{{"web", "api"}, {"web"}}, map[string]int{"web": 0, "api": 1}, map[string]int{"web": 1, "api": 1}, 1},
		{"two that share nothing", [][]string{{"web"}, {"api"}}, map[string]int{"web": 1, "api": 1}, map[string]int{"web": 1, "api": 1}, 2},
		{"three of one group with room for one", [][]string{{"web"}, {"web"}, {"web"}}, map[string]int{"web": 0}, map[string]int{"web": 2}, 1},
		{"three of one group with room for two", [][]string{{"web"}, {"web"}, {"web"}}, map[string]int{"web": 0}, map[string]int{"web": 1}, 2},
		{"a chain: the first and the last share nothing", [][]string{{"a"}, {"a", "b"}, {"b"}}, map[string]int{"a": 0, "b": 0}, map[string]int{"a": 1, "b": 1}, 2},
		{"a ring: each two share another group", [][]string{{"a", "b"}, {"b", "c"}, {"c", "a"}}, map[string]int{"a": 0, "b": 0, "c": 0}, map[string]int{"a": 1, "b": 1, "c": 1}, 1},
		{"three that share a group with room for one, two of them another with room", [][]string{{"a", "b"}, {"a", "b"}, {"a"}}, map[string]int{"a": 0, "b": 1}, map[string]int{"a": 2, "b": 1}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := &fleetModel{groups: c.groups, others: c.others, floor: c.floor}
			m.explore(t)
			if m.most != c.most {
				t.Errorf("%d were out together at most, want %d", m.most, c.most)
			}
			t.Logf("%d states", len(m.reached))
		})
	}
}
