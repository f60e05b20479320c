package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"quickstep/shared/report"
	"quickstep/shared/run"
	"quickstep/tests/cloud/stage"
	"quickstep/tests/loadenv"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// What the files in events/ name.
const (
	webARN  = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/6d0ecf831eec9f09"
	named   = "i-0123456789abcdef0" // of start-instances.json and survey-instances.json
	other   = "i-0fedcba9876543210"
	failed  = "i-0123456789abcde09" // failed out of service, for control-release.json
	window  = "mw-0123456789abcdef0"
	bus     = "operations"
	ready   = "web-ready" // the function that start-checks.json asks
	appPort = 18080
)

// deregistration is how long a target group lets requests end.
const deregistration = 5 * time.Second

// fleet is a target group and the instances in it.
type fleet struct {
	name, arn string
	instances []string
	away      bool // its instances aren't registered: they have left, or failed
}

func ids(n int) (all []string) {
	for k := range n {
		all = append(all, sim.ID(k+1))
	}
	return all
}

// fleets are all instances of the Region: eight of web, two that are named one by one, and one for
// each run that waits.
func fleets() []fleet {
	all := []fleet{
		{name: "web", arn: webARN, instances: ids(8)},
		{name: "batch", arn: sim.Group("batch"), instances: []string{named, other}},
		{
			name:      "demo-failed",
			arn:       sim.Group("demo-failed"),
			instances: []string{failed},
			away:      true,
		},
	}
	for _, w := range append(slices.Clone(waiting), lost) {
		one := fleet{name: w.run(), arn: w.group(), instances: []string{w.instance}, away: w.away}
		all = append(all, one)
	}
	return all
}

// region is the stand-in's part of AWS, in real time: instances that answer at addresses of their
// own, below 127.0.0.0/8.
type region struct {
	*world.World
	servers   *loadenv.Servers
	addresses map[string]string
	end       context.CancelFunc
}

func newRegion(ctx context.Context) *region {
	ctx, end := context.WithCancel(ctx)
	r := &region{
		World:     world.New(stage.NoStack(), world.Scaled(1), 1),
		servers:   loadenv.NewServers(),
		addresses: map[string]string{},
		end:       end,
	}
	for _, f := range fleets() {
		for _, id := range f.instances {
			r.addresses[id] = address(len(r.addresses) + 1)
		}
	}
	r.KeepLog = false
	r.HealthProbe = func(id string, port int) bool {
		return loadenv.HealthyAt(ctx, r.addresses[id], port)
	}
	r.MachineChanged = func(id string, answers bool) { r.servers.Changed(ctx, id, answers) }
	r.Start(ctx)
	return r
}

// address is the nth one of this process's own: two that run at the same time don't meet.
func address(n int) string {
	pid := os.Getpid()
	return fmt.Sprintf("127.%d.%d.%d", 64+pid/256%128, pid%256, n)
}

// populate adds the fleets, the alarms that can be muted, and the maintenance window.
func (r *region) populate(ctx context.Context) (err error) {
	r.Do(func() {
		for _, f := range fleets() {
			r.AddGroup(world.GroupSpec{ARN: f.arn, Name: f.name, VPC: sim.VPC, Delay: deregistration,
				Interval: 2 * time.Second, HealthyThreshold: 2, Attached: true, Health: health})
			for _, id := range f.instances {
				err = errors.Join(err, r.add(ctx, f, id))
			}
		}
		for _, name := range alarms {
			r.AddAlarm(name, "OK")
		}
		r.addWindow()
	})
	return err
}

// health is the health check of every target group.
var health = run.HealthCheck{Protocol: "HTTP", Port: "traffic-port", Path: "/health", Codes: "200"}

func (r *region) add(ctx context.Context, f fleet, id string) error {
	r.AddMachine(world.MachineSpec{ID: id, IP: r.addresses[id], VPC: sim.VPC, Managed: true,
		Tags:      map[string]string{"quickstep": "allowed", "Role": f.name},
		RebootLag: time.Second, BootTime: 5 * time.Second, AppTime: 2 * time.Second})
	r.SetPatches(id, &report.State{Baseline: "pb-0123456789abcdef0", Operation: "Scan",
		Ended: r.Now().Add(-3 * time.Hour), Missing: len(missing)}, missing)
	if !f.away {
		r.Place(f.arn, id, appPort)
	}
	return r.servers.AddAt(ctx, f.name, id, r.addresses[id], appPort)
}

// missing is what every instance lacks.
var missing = []report.Patch{
	{
		KB:             "openssl.x86_64",
		Title:          "openssl.x86_64:1:3.2.2-1.amzn2023",
		Classification: "Security",
		Severity:       "Critical",
		State:          report.Missing,
		CVEs:           "CVE-2026-10001",
	},
	{
		KB:             "kernel.x86_64",
		Title:          "kernel.x86_64:0:6.1.150-1.amzn2023",
		Classification: "Security",
		Severity:       "Important",
		State:          report.Missing,
		CVEs:           "CVE-2026-10002",
	},
}

// addWindow adds the maintenance window that installs them tomorrow.
func (r *region) addWindow() {
	targets := []report.Target{{Key: "tag:Role", Values: []string{"web"}}}
	r.AddWindow(world.WindowSpec{ID: window, Name: "web-patches", Zone: "Europe/Berlin", Hours: 3,
		Executions: []time.Time{
			r.Now().Add(20 * time.Hour).Truncate(time.Hour),
			r.Now().Add(44 * time.Hour).Truncate(time.Hour),
		},
		Tasks: []report.Task{{Document: "AWS-RunPatchBaseline", Operation: "Install",
			Targets: []report.Target{{Key: "WindowTargetIds", Values: []string{"web"}}}}},
		Targets: []report.Registered{{ID: "web", Targets: targets}}})
}

// close ends the region's time and its servers.
func (r *region) close() {
	r.end()
	r.Wait()
	r.servers.Close()
}

// alarms are those that runs of web mute.
var alarms = []string{"web-5xx", "web-latency"}

// parameters are the stack's: with a network for HTTP checks, and the operator's function that a
// check may ask.
func parameters() map[string]string {
	return map[string]string{
		"SubnetIds":         "subnet-0123456789abcdef0",
		"SecurityGroupIds":  "sg-0123456789abcdef0",
		"CheckFunctionName": ready,
		"AlarmPrefix":       "web-",
		"RulePrefix":        "web-",
	}
}

// settings is what the parameter of fleet web says: waits as short as they can be here.
const settings = `{"tags":{"Role":"web"},"maxConcurrency":"25%","minHealthy":"50%",
"bootWait":"2s","checkInterval":"2s","rejoinTimeout":"2m"}`

// furnish puts what the events name into the deployed account.
func furnish(ctx context.Context, s *stage.Stage) error {
	steps := []error{s.PutFleet(ctx, "web", settings), s.PutBus(ctx, bus)}
	for _, name := range alarms {
		steps = append(steps, s.PutAlarm(ctx, name, 1))
	}
	steps = append(
		steps,
		s.PutRule(ctx, "default", "web-unhealthy", true),
		s.PutRule(ctx, bus, "web-unhealthy", true),
		putReady(ctx, s),
		seed(ctx, s, time.Now().UTC().Truncate(time.Second)),
	)
	return errors.Join(steps...)
}
