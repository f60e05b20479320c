package reports

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// Recurring is a window that opens again and again, and whose executions take their time, overlap
// perhaps; its reports are asked for by a schedule, every hour. Somebody may cancel some.
type Recurring struct {
	Seed           uint64
	Nodes          int
	Period         time.Duration
	Hours          int             // that the window is open
	Takes          []time.Duration // how long each execution runs, unless it is skipped; one for each opening
	Lead, Deadline time.Duration
	After          bool
	Unlisted       time.Duration // how long an execution has begun before it is listed
	Lost           float64       // how often the schedule's hour is lost
	Rates          map[world.Fault]float64
	Pace           time.Duration // the longest time a call takes; negative: none
	Twice          float64
	Calm           time.Duration // when the faults end
	Cancels        []time.Duration
	chance         *rand.Rand
}

// firstOpening is when the window of a recurring scenario opens for the first time, after sim.Began.
const firstOpening = 30 * time.Hour

// DrawRecurring draws a scenario.
func DrawRecurring(seed uint64) *Recurring {
	s := &Recurring{Seed: seed, Rates: map[world.Fault]float64{}, chance: rand.New(rand.NewPCG(seed, 13))}
	s.Nodes = 1 + s.chance.IntN(3)
	s.Period = anyOf(s, 24*time.Hour, 24*time.Hour, 12*time.Hour, 7*24*time.Hour, time.Hour)
	s.Hours = 1 + s.chance.IntN(min(24, int(s.Period/time.Hour)))
	s.Lead = anyOf(s, 24*time.Hour, 24*time.Hour, 2*time.Hour, 168*time.Hour)
	s.Deadline = anyOf(s, time.Hour, time.Hour, 20*time.Minute, 3*time.Hour)
	s.After = s.chance.IntN(2) == 0
	s.Unlisted = anyOf(s, 0, 0, 2*time.Minute)
	for range s.openings() {
		open := time.Duration(s.Hours) * time.Hour
		s.Takes = append(s.Takes, anyOf(s, open/2, open, open, 5*time.Minute, open+2*time.Hour, s.Period+time.Hour))
	}
	s.Pace, s.Calm = -1, firstOpening+time.Duration(s.chance.Int64N(int64(s.Period)))
	if s.chance.IntN(3) == 0 { // somebody cancels, in the storm
		for range 1 + s.chance.IntN(6) {
			s.Cancels = append(s.Cancels, time.Duration(s.chance.Int64N(int64(s.lasts()))))
		}
	}
	if s.chance.IntN(3) == 0 {
		return s // fine weather
	}
	for _, f := range world.Faults {
		if s.chance.IntN(2) == 0 {
			s.Rates[f] = anyOf(s, 0.002, 0.02)
		}
	}
	s.Pace = anyOf(s, -1, 0, 200*time.Millisecond, 3*time.Second)
	s.Twice = anyOf(s, 0, 0.05, 0.5)
	s.Lost = anyOf(s, 0, 0, 0.3)
	return s
}

func anyOf[T any](s *Recurring, of ...T) T { return of[s.chance.IntN(len(of))] }

// openings is how often the window opens.
func (s *Recurring) openings() int {
	if s.Period <= time.Hour {
		return 40
	}
	return 4
}

// opens is when the window opens for the nth time, from 0.
func (s *Recurring) opens(n int) time.Time {
	return sim.Began.Add(firstOpening + time.Duration(n)*s.Period)
}

// lasts is when the last opening is over.
func (s *Recurring) lasts() time.Duration {
	return s.opens(s.openings()).Sub(sim.Began) + 30*time.Hour
}

// execution is what becomes of an opening in the world.
type execution struct {
	began, ends time.Time
	skipped     bool
}

// executions are those of all openings: one that begins while another runs is skipped.
func (s *Recurring) executions() (all []execution) {
	var busy time.Time
	for n, takes := range s.Takes {
		e := execution{began: s.opens(n), ends: s.opens(n).Add(takes)}
		if e.skipped = e.began.Before(busy); !e.skipped {
			busy = e.ends
		}
		all = append(all, e)
	}
	return all
}

// round names the patch that the nth opening installs.
func round(n int) string { return fmt.Sprintf("KB%05d", n) }

// patches are a node's once n executions have installed what was missing.
func patches(n int, at time.Time) []report.Patch {
	all := []report.Patch{{KB: round(n), Title: round(n), Severity: "Important", State: report.Missing}}
	if n > 0 {
		all = append(all, report.Patch{KB: round(n - 1), Title: round(n - 1), State: report.Installed, Installed: at})
	}
	return all
}

// fleet builds the world: each execution installs what is missing just before it ends, and a scan
// finds the next patch.
func (s *Recurring) fleet() (*sim.Fleet, error) {
	stack, err := stacks[0]()
	if err != nil {
		return nil, err
	}
	own := *stack
	f := sim.On(&own, s.Seed)
	f.AfterEffect, f.KeepLog = nil, false
	target := report.Target{Key: "tag:Role", Values: []string{"web"}}
	spec := world.WindowSpec{ID: "mw-0123456789abcdef0", Name: "recurring", Hours: s.Hours, Unlisted: s.Unlisted,
		Outcomes: map[time.Time]report.Execution{},
		Tasks: []report.Task{
			{Document: "AWS-RunPatchBaseline", Operation: "Install", Targets: []report.Target{target}},
		}}
	set := func(done int) {
		for n := range s.Nodes {
			f.SetPatches(sim.ID(n+1), &report.State{Baseline: "pb-1", Operation: "Scan", Ended: f.Now()},
				patches(done, f.Now()))
		}
	}
	for n := range s.Nodes {
		f.Add(world.MachineSpec{ID: sim.ID(n + 1), Managed: true})
	}
	set(0)
	done := 0
	for n, e := range s.executions() {
		spec.Executions = append(spec.Executions, s.opens(n))
		if e.skipped {
			continue
		}
		spec.Outcomes[s.opens(n)] = report.Execution{Status: report.ExecutionSuccess, Ended: e.ends}
		f.At(e.ends.Add(-time.Second), func() { done++; set(done) })
	}
	f.AddWindow(spec)
	f.Advance(time.Minute)
	return f, nil
}

// ask is what the schedule sends every hour.
func (s *Recurring) ask(f *sim.Fleet) {
	if s.chance.Float64() < s.Lost && f.Now().Sub(sim.Began) < s.Calm {
		return
	}
	text, err := json.Marshal(map[string]any{"id": "hour-" + f.Now().Format(time.RFC3339),
		"scheduled": f.Now().Format(time.RFC3339), "lead": s.Lead.String(), "deadline": s.Deadline.String(),
		"after": s.After})
	if err != nil {
		panic(fmt.Sprintf("reports: the request of seed %d: %v", s.Seed, err))
	}
	f.InvokeAsync("survey", text)
}

// inject makes things go wrong until it is calm.
func (s *Recurring) inject(f *sim.Fleet, j *recurringJudge) {
	calm := func() bool { return f.Now().Sub(sim.Began) >= s.Calm }
	f.Fault = func(op world.Op) world.Fault {
		if op.Function == "" || op.Function == "control" || calm() {
			return world.None
		}
		for _, fault := range world.Faults {
			if p := s.Rates[fault]; p > 0 && s.chance.Float64() < p {
				j.faults++
				return fault
			}
		}
		return world.None
	}
	f.Duplicate = func(string) bool { return !calm() && s.chance.Float64() < s.Twice }
	if s.Pace >= 0 {
		f.Pace = func(world.Op) time.Duration {
			if s.Pace == 0 || calm() {
				return 0
			}
			return time.Duration(s.chance.Int64N(int64(s.Pace)))
		}
	}
	var hour func()
	hour = func() {
		s.ask(f)
		if f.Now().Sub(sim.Began) < s.lasts()-30*time.Hour {
			f.After(time.Hour, hour)
		}
	}
	f.After(time.Duration(s.chance.Int64N(int64(time.Hour))), hour)
	for _, at := range s.Cancels {
		f.After(at, func() { j.cancel(s.chance.IntN(1000)) })
	}
}

// RunRecurring runs a scenario.
func RunRecurring(s *Recurring) (r Result, err error) {
	f, err := s.fleet()
	if err != nil {
		return r, err
	}
	defer f.Close()
	j := &recurringJudge{Recurring: s, fleet: f, seen: map[string]int{}, parts: map[string]time.Time{},
		cancelled: map[string]time.Time{}, lastEffect: map[string]time.Time{}, noted: map[string]string{}}
	f.AfterEffect = j.after
	s.inject(f, j)
	f.Advance(s.lasts())
	if err := f.Run(func() bool { return len(f.Docs("REPORTS")) == 0 }, patience); err != nil {
		j.broken("end", "reports are still under way: %v", err)
	}
	f.Fault = nil
	j.end()
	return Result{Seed: s.Seed, Broken: j.found, Seen: j.seen, Lasted: f.Now().Sub(sim.Began)}, nil
}
