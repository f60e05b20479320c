package main

import (
	"fmt"
	"slices"

	"quickstep/shared/run"
	"quickstep/tests/world"
)

// watch is what is seen from AWS's side, effect by effect, whatever the ledger says.
type watch struct {
	region   *region
	most     map[*fleet]int // instances that were missing in the target group at the same time
	fewest   map[*fleet]int // healthy targets
	wrong    []string
	rebooted chan *fleet // of each call
}

func (s *watch) see(op world.Op) {
	f := of(op.Subject)
	if f == nil || !op.Happened {
		return
	}
	switch op.Service + "." + op.Name {
	case "elb.Deregister", "elb.Register":
		s.count(f)
	case "world.answers", "world.stops answering", "world.is up", "world.reboots":
		s.count(f)
	case "ec2.Reboot":
		s.reboot(f, op)
	}
}

func (s *watch) broken(format string, args ...any) {
	if w := fmt.Sprintf(format, args...); !slices.Contains(s.wrong, w) {
		s.wrong = append(s.wrong, w)
	}
}

// count holds the fleet against R1 and R2.
func (s *watch) count(f *fleet) {
	registered, healthy := 0, 0
	for _, t := range s.region.TargetsOf(f.arn()) {
		if t.Registered() {
			registered++
		}
		if t.Healthy() {
			healthy++
		}
	}
	s.most[f] = max(s.most[f], f.size-registered)
	if before, known := s.fewest[f]; !known || healthy < before {
		s.fewest[f] = healthy
	}
	if f.size-registered > f.tokens {
		s.broken("R1: %d of %s are out of service, and its run has %d tokens", f.size-registered, f.name, f.tokens)
	}
	if healthy < f.floor {
		s.broken("R2: %d of %s are healthy, and %d must stay so", healthy, f.name, f.floor)
	}
}

// reboot holds a call against R3 and R6. The rules are the emulator's, and are asked by who reads rebooted.
func (s *watch) reboot(f *fleet, op world.Op) {
	for _, arn := range op.Exposed {
		s.broken("R3: %s was rebooted while %s could send it requests", op.Subject, run.ShortARN(arn))
	}
	if !s.region.Muted(f.alarm()) {
		s.broken("R6: alarm %s could act while %s was rebooted", f.alarm(), op.Subject)
	}
	select {
	case s.rebooted <- f:
	default: // more than enough are waiting to be looked at
	}
}
