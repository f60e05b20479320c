package storm

import (
	"encoding/json"
	"strings"
	"time"

	"quickstep/shared/run"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// faults makes things go wrong as the scenario says, until it is calm.
type faults struct {
	*Scenario
	fleet     *sim.Fleet
	judge     *judge
	throttled time.Time            // no code runs until then
	crashes   map[string]time.Time // by function: its code crashes until then
	dead      map[string]time.Time // by function: its code doesn't run until then
	denied    map[string]time.Time // by what is muted: it may not be until then
	seen      map[string]int
	outages   map[string]outage
	agents    map[string]bool // rebooted by another agent already
}

func (w *faults) calm() bool { return w.fleet.Now().Sub(sim.Began) >= w.Calm }

func (w *faults) inject() {
	f := w.fleet
	f.Fault = func(op world.Op) world.Fault {
		w.fade(op)
		w.otherAgent(op)
		if w.busy(op) {
			return world.Throttle
		}
		if f.Now().Before(w.crashes[op.Function]) && op.Service != "dynamodb" {
			return world.CrashBefore
		}
		if op.Function == "" || op.Service == "probe" ||
			w.calm() { // a probe that meets nothing has seen a machine that is down
			return world.None
		}
		if op.Service == "sqs" && w.chance.Float64() < w.Late {
			w.late(op, w.between(time.Minute, 40*time.Minute))
		}
		if op.Service == "sqs" && w.Strays > 0 && w.odd.Float64() < w.Strays {
			w.stray(op)
		}
		for _, fault := range world.Faults {
			if p := w.Rates[fault]; p > 0 && w.chance.Float64() < p {
				w.seen["fault "+fault.String()]++
				return fault
			}
		}
		return world.None
	}
	if w.Pace >= 0 {
		f.Pace = func(world.Op) time.Duration {
			if w.Pace == 0 || w.calm() {
				return 0
			}
			return time.Duration(w.chance.Int64N(int64(w.Pace)))
		}
	}
	if w.Frozen > 0 {
		f.Freeze = func(op world.Op) time.Duration {
			if op.Function == "" || w.calm() || w.chance.Float64() >= w.Frozen {
				return 0
			}
			w.seen["frozen"]++
			return w.between(time.Minute, 10*time.Minute)
		}
	}
	if w.Lag > 0 {
		f.Lag = func(world.Op) time.Duration {
			w.judge.lag = 0
			if !w.calm() && w.one(3) {
				w.judge.lag = time.Duration(w.chance.Int64N(int64(w.Lag)))
				w.seen["stale reading"]++
			}
			return w.judge.lag
		}
	}
	f.Duplicate = func(string) bool {
		twice := !w.calm() && w.chance.Float64() < w.Twice
		if twice {
			w.seen["delivered twice"]++
		}
		return twice
	}
	f.Refuse = func(op world.Op) error {
		if err := w.refuse(op); err != nil {
			return err
		}
		return w.refuseMute(op)
	}
	f.Throttled = func(function string) bool { return f.Now().Before(w.throttled) || f.Now().Before(w.dead[function]) }
	if w.Hook != nil {
		f.Fault = func(op world.Op) world.Fault { return w.Hook(w, op) }
	}
	if w.Wait != nil {
		f.Pace, f.Freeze = w.Wait, w.Stand
	}
	if w.Old > 0 {
		w.judge.lag = w.Old
		f.Lag = func(world.Op) time.Duration { return w.Old }
	}
	if w.Again != nil {
		f.Duplicate = func(string) bool { return w.Again() }
	}
	for _, a := range w.Acts {
		f.After(a.At, func() { w.act(a) })
	}
	if w.Second != nil && w.SecondAt != whenAsked {
		f.After(w.SecondAt, func() { w.ask(w.Second) })
	}
	if w.Deleted != "" {
		f.After(w.DeletedAt, func() { f.RemoveGroup(w.Deleted) })
	}
	if w.Impostor {
		f.After(w.ImpostorAt, func() {
			text, _ := json.Marshal(w.impostor())
			w.judge.impostors[f.InvokeAsync("start", text)] = false
		})
	}
}

func (w *faults) ask(request map[string]any) {
	text, _ := json.Marshal(request)
	w.fleet.InvokeAsync("start", text)
	w.seen["asked for "+request["id"].(string)]++
}

func (w *faults) command(command, about, what string) {
	text, _ := json.Marshal(map[string]string{"command": command, about: what})
	w.fleet.InvokeAsync("control", text)
}

func (w *faults) act(a Act) {
	f, m := w.fleet, w.Machines[a.Who]
	w.seen[a.Kind]++
	switch a.Kind {
	case "pause", "resume", "cancel":
		w.command(a.Kind, "run", "run-1")
	case "release":
		w.command(a.Kind, "instance", m.ID)
	case "terminate":
		f.Terminate(m.ID)
	case "stop":
		f.Stop(m.ID)
	case "reboot":
		f.RebootInside(m.ID)
	case "busy", "deny":
		w.outOf(a)
	case "break":
		f.Break(m.ID)
	case "mend":
		f.Mend(m.ID)
	case "deregister", "register":
		w.byHand(a, m)
	case "address":
		w.addressed(a, m)
	case "alarm":
		set := func(state string) {
			if f.HasAlarm("web-5xx") {
				f.SetAlarmState("web-5xx", state)
			}
		}
		set("ALARM")
		f.After(20*time.Minute, func() { set("OK") })
	case unmutable, erase, enabled:
		w.mishaps(a)
	case "purge":
		f.PurgeAll()
	case "throttle":
		w.throttled = f.Now().Add(w.between(time.Minute, time.Hour))
	case "crash":
		w.crashes[a.Function] = f.Now().Add(a.For)
	case "dead":
		w.dead[a.Function] = f.Now().Add(a.For)
	case "put":
		f.Put("drain", `{"hello":"world"}`, 0)
	}
}

// fade lets those stop answering whose habit it is, once the product registers them.
func (w *faults) fade(op world.Op) {
	if op.Service != "elb" || op.Name != "Register" {
		return
	}
	for _, m := range w.Machines {
		if m.Fades && w.fleet.Boots(m.ID) > 0 && strings.Contains(op.Detail, m.ID) {
			w.fleet.After(0, func() { w.fleet.Break(m.ID) })
		}
	}
}

// byHand takes a target out, or puts one in, as somebody else would.
func (w *faults) byHand(a Act, m Machine) {
	if len(m.Places) == 0 {
		return
	}
	group, port := place(m.Places[0])
	if group == w.judge.gone {
		return
	}
	if a.Kind == "deregister" {
		w.fleet.DeregisterByHand(group, run.Address{ID: m.ID, Port: port})
	} else if w.fleet.MachineState(m.ID) == "running" {
		w.fleet.RegisterByHand(group, run.Address{ID: m.ID, Port: port})
	}
}
