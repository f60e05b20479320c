package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"quickstep/shared/rolling"
	"quickstep/shared/run"
	"quickstep/tests/cloud/emulator"
	"quickstep/tests/cloud/stage"
	"quickstep/tests/loadenv"
	"quickstep/tests/sim"
)

// play is what happens to the deployed stack: three runs at the same time, and what goes wrong meanwhile.
type play struct {
	*stage.Log
	region  *region
	account *account
	mail    *stage.Mail
	traffic *loadenv.Traffic
	aws     string // the program
	dir     string // where an operator works
	runs    map[*fleet]string
	weekly  string      // the patch report that a schedule of an operator's asks for
	killed  chan string // instances whose reboot's caller was killed
}

// How long to wait. What a killed function held is free after its lease (90 s), what was purged is overdue after as
// long; the watchdog looks every minute, and a mute begins with a minute. Of a reboot call that was killed nobody
// knows when it ended: another boot counts only five minutes later.
const (
	firstReboot = 4 * time.Minute
	recovery    = 8 * time.Minute
	wholeRun    = 13 * time.Minute
	stillness   = 10 * time.Second // how long nobody leaves, so that one believes it
)

// await asks each second until something holds.
func await(ctx context.Context, what string, limit time.Duration, holds func() (bool, error)) error {
	end := time.After(limit)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		ok, err := holds()
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if ok {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, context.Cause(ctx))
		case <-end:
			return fmt.Errorf("%s: not within %s", what, limit)
		case <-tick.C:
		}
	}
}

// begin asks for a run of each fleet: that of web by the stack's schedule, that of batch by one that an operator
// makes.
func (p *play) begin(ctx context.Context) error {
	own, err := p.account.OwnSchedule(ctx, "StartFunctionFleet")
	if err != nil {
		return err
	}
	if err := p.schedule(ctx, own, web); err != nil {
		return err
	}
	p.runs[shop] = shop.name + "-1"
	var begun rolling.StartResult
	if err := p.account.Invoke(ctx, "start", map[string]string{"id": p.runs[shop], "fleet": shop.name}, &begun); err != nil {
		return err
	}
	p.Say(shop.name, "an operator asks for run %s: %s, %d instances, %d may be out at once",
		begun.Run, begun.Status, begun.Instances, begun.MaxConcurrency)
	for _, s := range pasted {
		if err := p.paste(ctx, s); err != nil {
			return err
		}
	}
	if err := p.schedule(ctx, pasted[0].name, batch); err != nil {
		return err
	}
	return p.scheduleReport(ctx, pasted[1].name)
}

// schedule lets a schedule ask for a run of a fleet.
func (p *play) schedule(ctx context.Context, name string, f *fleet) error {
	id, at, err := p.fire(ctx, name)
	p.runs[f] = run.RunID(f.name, id)
	p.Say(
		f.name,
		"EventBridge Scheduler will ask for run %s at %s UTC, by schedule %s",
		p.runs[f],
		at.UTC().Format(time.TimeOnly),
		name,
	)
	return err
}

// fire lets a schedule fire soon, and gives the id of the request that it will send.
func (p *play) fire(ctx context.Context, name string) (id string, at time.Time, err error) {
	at = emulator.Firing(time.Now())
	input, err := p.account.Fire(ctx, name, at)
	if err != nil {
		return "", at, fmt.Errorf("set schedule %s: %w", name, err)
	}
	var request struct{ ID string }
	if err := json.Unmarshal([]byte(input), &request); err != nil {
		return "", at, fmt.Errorf("read the input %s of schedule %s: %w", input, name, err)
	}
	return request.ID, at, nil
}

// kill is what happens at shop's first reboot: EC2 has taken the call, and whoever made it dies before the answer.
func (p *play) kill(instance, peer string) {
	if of(instance) != shop || len(p.killed) > 0 {
		return
	}
	function, err := p.account.Emulator.Kill(peer)
	if err != nil {
		p.Judge("shop", "the function that asked for the reboot is killed", err.Error())
	}
	p.Say(
		"shop",
		"SIGKILL for the process of %s that has just asked EC2 to reboot %s and waits for the answer",
		function,
		instance,
	)
	p.killed <- instance
}

// disturb kills, purges and pauses, one after the other, and resumes when those who were out are back.
func (p *play) disturb(ctx context.Context) error {
	if err := await(ctx, "shop's first reboot", firstReboot, func() (bool, error) { return len(p.killed) > 0, nil }); err != nil {
		return err
	}
	if err := p.lose(ctx); err != nil {
		return err
	}
	if err := p.control(ctx, "pause", shop); err != nil {
		return err
	}
	if err := await(ctx, "those of shop who were out are back", recovery, func() (bool, error) {
		s, err := p.status(ctx, shop)
		return s.Done == shop.tokens && p.missing(shop) == 0, err
	}); err != nil {
		return err
	}
	p.Say("shop", "the watchdog has found both again; they are back, and the run is paused")
	var left []string
	begun := time.Now()
	if err := await(ctx, "a while in which nobody leaves", 2*stillness, func() (bool, error) {
		if n := p.missing(shop); n > 0 && len(left) == 0 {
			left = append(left, fmt.Sprintf("%d left", n))
		}
		return time.Since(begun) >= stillness, nil
	}); err != nil {
		return err
	}
	p.Judge("shop", "nobody leaves while the run is paused", left...)
	return p.control(ctx, "resume", shop)
}

// lose purges the queues of all steps as soon as there is something to lose.
func (p *play) lose(ctx context.Context) error {
	lost := 0
	err := await(ctx, "a message that can be lost", time.Minute, func() (bool, error) {
		n, err := p.account.purge(ctx, "drain", "reboot", "check", "rejoin")
		lost += n
		return lost > 0, err
	})
	p.Say("operator", "purges the queues of drain, reboot, check and rejoin: %d messages are lost", lost)
	return err
}

// missing is how many of a fleet aren't registered and healthy.
func (p *play) missing(f *fleet) (n int) {
	p.region.Do(func() { n = f.size - len(p.region.Routable(sim.Group(f.name))) })
	return n
}

func (p *play) control(ctx context.Context, command string, f *fleet) error {
	var reply rolling.Reply
	if err := p.account.Invoke(ctx, "control", map[string]string{"command": command, "run": p.runs[f]}, &reply); err != nil {
		return err
	}
	p.Say(f.name, "an operator says %s: %s", command, reply.Did)
	return nil
}
