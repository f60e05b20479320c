package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"

	"quickstep/tests/cloud/emulator"
	"quickstep/tests/cloud/stage"
	"quickstep/tests/loadenv"
)

// connections to each load balancer: 37 requests a second.
const connections = 3

// setUp sets the scene, lets the play begin, and leaves nothing behind.
func setUp(ctx context.Context, d *stage.Log, t tools) (err error) {
	if err := emulator.Environment(); err != nil {
		return err
	}
	dir, clean, err := folder(t.logs)
	if err != nil {
		return err
	}
	defer func() { clean(d, err != nil) }()
	r := newRegion(ctx)
	defer r.close()
	s, err := stage.Open(
		ctx,
		stage.Options{
			Ministack:  t.ministack,
			Sam:        t.sam,
			Built:      t.built,
			Dir:        dir,
			Parameters: parameters(),
			World:      r.World,
			Diary:      d,
		},
	)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	d.Say("stack", "%d settings are as the template says. The emulator has dropped these, now they are set: %s",
		s.Kept, emulator.Grouped(s.Dropped))
	for _, limit := range emulator.Limits {
		d.Say("stack", "not to be had here: %s", limit)
	}
	a := &account{s}
	feed(ctx, d, a, t.built)
	var contracts sync.WaitGroup
	contracts.Go(func() { suites(ctx, d, s.Emulator.Endpoint, dir) })
	defer contracts.Wait()
	aws, err := filepath.Abs(t.aws)
	if err != nil {
		return err
	}
	return perform(ctx, d, r, a, aws, dir)
}

// folder is where the emulator works. It is removed at the end unless it was asked for, or is needed.
func folder(wanted string) (dir string, clean func(d *stage.Log, needed bool), err error) {
	if wanted == "" {
		if dir, err = os.MkdirTemp("", "quickstep-e2e-"); err != nil {
			return "", nil, err
		}
	} else if dir, err = filepath.Abs(wanted); err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	return dir, func(d *stage.Log, needed bool) {
		if wanted == "" && !needed && len(d.Broken()) == 0 {
			_ = os.RemoveAll(dir) // it lies among temporary files
			return
		}
		d.Say("all", "the logs are in %s", dir)
	}, err
}

// parameters are the stack's: a schedule that fires when it is told to, and the network that HTTP checks need.
func parameters() map[string]string {
	return map[string]string{"FleetScheduleFleet": web.name, "FleetScheduleExpression": "at(2099-12-31T00:00:00)",
		"SubnetIds": "subnet-0123456789abcdef0", "SecurityGroupIds": "sg-0123456789abcdef0",
		"AlarmPrefix": "*", "RulePrefix": "*"}
}

// perform plays it all under traffic.
func perform(ctx context.Context, d *stage.Log, r *region, a *account, aws, dir string) error {
	ctx, end := context.WithCancelCause(ctx)
	var others sync.WaitGroup
	defer others.Wait()
	defer end(nil)
	if err := r.populate(ctx); err != nil {
		return err
	}
	if err := a.prepare(ctx); err != nil {
		return err
	}
	m, err := stage.Subscribe(ctx, a.Stack, d)
	if err != nil {
		return err
	}
	traffic, err := loadenv.Serve(ctx, []string{web.name, shop.name, batch.name}, r.routable, connections, 1)
	if err != nil {
		return err
	}
	defer traffic.Close()
	p := &play{
		Log:     d,
		region:  r,
		account: a,
		mail:    m,
		traffic: traffic,
		aws:     aws,
		dir:     dir,
		runs:    map[*fleet]string{},
		killed:  make(chan string, 1),
	}
	a.StandIn.Rebooted = p.kill // nobody reboots yet
	others.Go(func() { m.Read(ctx) })
	others.Go(func() { p.evaluate(ctx) })
	if err := p.begin(ctx); err != nil {
		return err
	}
	disturbed := make(chan struct{})
	others.Go(func() {
		defer close(disturbed)
		if err := errors.Join(p.report(ctx), p.disturb(ctx), p.scheduledReport(ctx)); err != nil {
			end(err)
		}
	})
	if err := p.follow(ctx); err != nil {
		return err
	}
	<-disturbed
	if err := context.Cause(ctx); err != nil {
		return err
	}
	p.verdict(ctx)
	return nil
}
