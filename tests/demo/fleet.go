package main

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"quickstep/shared/probe"
	"quickstep/shared/run"
	"quickstep/tests/loadenv"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

const (
	// factor is how many times as fast as real time the fleet's time runs. At 30 the shortest times of a run (a health
	// check every 10 s, a message taken up a second later) are still tens of milliseconds, long for a busy machine.
	factor = 30
	size   = 12
	slow   = 7 // starts its application two and a half minutes after its operating system
	lost   = 4 // never comes back from its reboot

	runID    = "demo"
	tokens   = 3
	runFloor = size / 2 // minHealthy 50%
)

var groups = []string{"web", "api"}

// fleet is the stand-in for AWS with the instances in it, and all that is watched while they are rebooted.
type fleet struct {
	*sim.Fleet
	servers  *loadenv.Servers
	watched  watched
	progress *progress
	end      context.CancelFunc
}

// newFleet makes a fleet whose instances serve, and lets its time run.
func newFleet(ctx context.Context, o options) (*fleet, error) {
	// sim makes a virtual world with the rules' watch on it. The watch looks at whatever world its fleet has.
	virtual, err := sim.New(o.seed, 0)
	if err != nil {
		return nil, err
	}
	ctx, end := context.WithCancel(ctx)
	f := &fleet{Fleet: virtual, servers: loadenv.NewServers(), end: end}
	rules := f.AfterEffect
	f.World, f.ARNs = world.New(f.Stack, world.Scaled(factor), o.seed), nil
	f.KeepLog = false
	sim.Wire(f.World, f.Stack, probes{})
	if o.undrained {
		leaveOutDraining(f)
	}
	f.progress = newProgress(f)
	f.AfterEffect = func(op world.Op) {
		rules(op)
		f.watched.see(f, op)
		f.progress.see(op)
	}
	f.HealthProbe = func(_ string, port int) bool { return loadenv.Healthy(ctx, port) }
	f.MachineChanged = func(id string, answers bool) { f.servers.Changed(ctx, id, answers) }
	f.Do(func() { err = f.populate(ctx) })
	if err != nil {
		f.close()
		return nil, err
	}
	f.Start(ctx)
	return f, nil
}

// populate adds target groups, instances, alarms and rules. No two instances boot equally fast.
func (f *fleet) populate(ctx context.Context) error {
	f.AddGroups(groups...)
	f.Watch.Tokens = tokens
	for _, arn := range f.ARNs {
		f.Watch.Floor[arn] = runFloor
	}
	for n := 1; n <= size; n++ {
		spec := world.MachineSpec{
			ID:       sim.ID(n),
			IP:       "127.0.0.1",
			Managed:  true,
			NoBootID: n == size,
			Tags:     map[string]string{"Name": fmt.Sprintf("web-%d", n)},
			BootTime: time.Duration(
				20+n*7%25,
			) * time.Second,
			AppTime:      time.Duration(5+n*11%20) * time.Second,
			NeverReturns: n == lost,
		}
		if n == slow {
			spec.AppTime = 150 * time.Second
		}
		var places []string
		for _, group := range groups {
			s, err := f.servers.Add(ctx, group, spec.ID)
			if err != nil {
				return err
			}
			places = append(places, group+":"+strconv.Itoa(s.Port))
		}
		f.Add(spec, places...)
	}
	f.Watch.Settle()
	f.addAlarms()
	f.addPatches()
	return nil
}

// begin sends the request, as an operator would.
func (f *fleet) begin(ctx context.Context) error {
	if _, err := f.Ask(map[string]any{
		"id": runID, "fleet": "web", "tags": map[string]string{"Role": "web"},
		"maxConcurrency": tokens, "minHealthy": "50%", "maxErrors": 1,
		"bootWait": "30s", "checkInterval": "20s", "maxChecks": 15,
		"check": map[string]any{"ec2": true, "http": map[string]any{"timeout": probeTimeout.String()}},
		"proof": run.ProofWhenManaged,
		"mute":  map[string]any{"alarmPrefixes": []string{mutedPrefix}, "rulePrefixes": []string{mutedPrefix}},
	}); err != nil {
		return fmt.Errorf("begin the run: %w", err)
	}
	return ctx.Err()
}

// close ends the fleet's time and its servers.
func (f *fleet) close() {
	f.end()
	f.Wait()
	f.servers.Close()
}

// routable are the addresses of the targets to which a group's load balancer sends new requests.
func (f *fleet) routable(group string) []string {
	var addresses []string
	f.Do(func() {
		for _, a := range f.Routable(sim.Group(group)) {
			addresses = append(addresses, net.JoinHostPort("127.0.0.1", strconv.Itoa(a.Port)))
		}
	})
	return addresses
}

// probeTimeout is how long the startup check waits for an answer, in the fleet's time: as long as a request may ask
// for. One that a busy machine misses is followed by another.
const probeTimeout = 10 * time.Second

// probes are the product's own, with timeouts in real time.
type probes struct{}

func (probes) HTTP(ctx context.Context, p run.HTTPProbe) run.Finding {
	p.Timeout /= factor
	return probe.Net{}.HTTP(ctx, p)
}

func (probes) TCP(ctx context.Context, address string, timeout time.Duration) run.Finding {
	return probe.Net{}.TCP(ctx, address, timeout/factor)
}
