package main

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"

	"quickstep/shared/run"
	"quickstep/tests/loadenv"
	"quickstep/tests/sim"
	"quickstep/tests/template"
	"quickstep/tests/world"
)

// fleet is one that a run reboots: the instances from first on, in a target group of their own.
type fleet struct {
	name          string
	first, size   int
	tokens, floor int
	lost          int // the instance that never comes back; 0: none
}

// The fleets, each with a run of its own, all at the same time.
var (
	web = &fleet{
		name:   "web",
		first:  1,
		size:   8,
		tokens: 4,
		floor:  4,
	} // asked for by the stack's schedule
	shop  = &fleet{name: "shop", first: 11, size: 4, tokens: 2, floor: 2} // killed, paused, resumed
	batch = &fleet{
		name:   "batch",
		first:  21,
		size:   3,
		tokens: 2,
		floor:  1,
		lost:   22,
	} // asked for by an operator's schedule; one of it fails
	all = []*fleet{web, shop, batch}
)

func (f *fleet) arn() string     { return sim.Group(f.name) }
func (f *fleet) alarm() string   { return f.name + "-few-hosts" }
func (f *fleet) heal() string    { return f.name + "-heal" }    // a rule that acts on instances that are away
func (f *fleet) retired() string { return f.name + "-retired" } // a rule that was off before

func (f *fleet) ids() (ids []string) {
	for n := range f.size {
		ids = append(ids, sim.ID(f.first+n))
	}
	return ids
}

// of is the fleet of an instance or a target group.
func of(subject string) *fleet {
	for _, f := range all {
		if subject == f.arn() || slices.Contains(f.ids(), subject) {
			return f
		}
	}
	return nil
}

// region is the stand-in's part of AWS, in real time: instances whose servers are gone while they boot.
type region struct {
	*world.World
	servers *loadenv.Servers
	watch   *watch
	end     context.CancelFunc
}

// deregistration is how long a target group lets requests end; the longest of the client's takes a fifth of a
// second.
const deregistration = 5 * time.Second

func newRegion(ctx context.Context) *region {
	ctx, end := context.WithCancel(ctx)
	r := &region{World: world.New(&template.Stack{}, world.Scaled(1), 1), servers: loadenv.NewServers(), end: end}
	r.watch = &watch{region: r, fewest: map[*fleet]int{}, most: map[*fleet]int{}, rebooted: make(chan *fleet, 100)}
	r.KeepLog = false
	r.AfterEffect = r.watch.see
	r.HealthProbe = func(_ string, port int) bool { return loadenv.Healthy(ctx, port) }
	r.MachineChanged = func(id string, answers bool) { r.servers.Changed(ctx, id, answers) }
	r.Start(ctx)
	return r
}

// populate adds the fleets. No two instances boot equally fast; one in five isn't known to Systems Manager.
func (r *region) populate(ctx context.Context) (err error) {
	r.Do(func() {
		for _, f := range all {
			r.AddGroup(
				world.GroupSpec{
					ARN:              f.arn(),
					Name:             f.name,
					VPC:              sim.VPC,
					Delay:            deregistration,
					Interval:         2 * time.Second,
					HealthyThreshold: 2,
					Attached:         true,
					Health: run.HealthCheck{
						Protocol: "HTTP",
						Port:     "traffic-port",
						Path:     "/health",
						Codes:    "200",
					},
				},
			)
			r.AddAlarm(f.alarm(), "OK")
			for n := f.first; n < f.first+f.size && err == nil; n++ {
				err = r.add(ctx, f, n)
			}
		}
		if err == nil {
			r.addPatches()
		}
	})
	return err
}

func (r *region) add(ctx context.Context, f *fleet, n int) error {
	r.AddMachine(world.MachineSpec{ID: sim.ID(n), IP: "127.0.0.1", VPC: sim.VPC, Managed: managed(n),
		Tags:      map[string]string{"quickstep": "allowed", "Role": f.name},
		RebootLag: time.Second, BootTime: time.Duration(5+n*7%4) * time.Second, AppTime: time.Duration(1+n%3) * time.Second, NeverReturns: n == f.lost})
	s, err := r.servers.Add(ctx, f.name, sim.ID(n))
	if err != nil {
		return err
	}
	r.Place(f.arn(), sim.ID(n), s.Port)
	return nil
}

// managed says whether Systems Manager knows an instance.
func managed(n int) bool { return n%5 != 0 }

// close ends the region's time and its servers.
func (r *region) close() {
	r.end()
	r.Wait()
	r.servers.Close()
}

// routable are the addresses of the targets to which a fleet's load balancer sends new requests.
func (r *region) routable(name string) (addresses []string) {
	r.Do(func() {
		for _, a := range r.Routable(sim.Group(name)) {
			addresses = append(addresses, net.JoinHostPort("127.0.0.1", strconv.Itoa(a.Port)))
		}
	})
	return addresses
}

// settings is what the fleet's parameter says.
func (f *fleet) settings() string {
	return fmt.Sprintf(`{"targetGroupArns":[%q],"tags":{"Role":%q},"maxConcurrency":%d,"minHealthy":%d,"maxErrors":1,
		"bootWait":"2s","checkInterval":"2s","maxChecks":12,"rejoinTimeout":"2m","check":{"ec2":true,"http":{}},
		"mute":{"alarmPrefixes":[%q],"rulePrefixes":[%q]}}`, f.arn(), f.name, f.tokens, f.floor, f.name+"-", f.name+"-")
}
