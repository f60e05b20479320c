package stories_test

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/tests/world"
)

// control is what an operator tells the control function: control pause; control cancel run-2; control release 3.
func (p *player) control(args []string) error {
	if len(args) == 0 {
		return errors.New("control needs a command")
	}
	event, who := simtest.All{"command": args[0]}, "run-1"
	if args[0] == "release" {
		id, _, err := p.machine(args[1:])
		if err != nil {
			return err
		}
		event["instance"], who = id, p.trace.plain(id)
	} else {
		if len(args) > 1 {
			who = args[1]
		}
		event["run"] = who
	}
	p.trace.add(who, "an operator says: "+args[0])
	answer, err := p.fleet.Call("control", event)
	if err != nil {
		p.trace.add(who, "control refuses: "+p.trace.plain(err.Error()))
		return nil
	}
	p.trace.add(who, p.trace.plain(fmt.Sprint(answer["did"])))
	return nil
}

// purge empties every queue.
func (p *player) purge([]string) error {
	lost := 0
	for name := range p.fleet.Stack.Queues {
		lost += p.fleet.Depth(name)
	}
	p.trace.add("someone", fmt.Sprintf("purges every queue; messages lost: %d", lost))
	p.fleet.PurgeAll()
	return nil
}

// put puts a message into a queue by hand.
func (p *player) put(args []string) error {
	if len(args) < 2 {
		return errors.New("put needs a queue and a text")
	}
	p.trace.add("someone", fmt.Sprintf("puts %q into queue %s", strings.Join(args[1:], " "), args[0]))
	p.fleet.Put(args[0], strings.Join(args[1:], " "), 0)
	return nil
}

// repair makes an instance well and starts it anew.
func (p *player) repair(args []string) error {
	id, _, err := p.machine(args)
	if err != nil {
		return err
	}
	p.fleet.ChangeMachine(id, func(m *world.MachineSpec) { m.NeverReturns = false })
	p.fleet.Stop(id)
	p.fleet.After(time.Minute, func() { p.fleet.StartAgain(id) })
	return nil
}
