package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"quickstep/tests/cloud/emulator"
	"quickstep/tests/cloud/standin"
	"quickstep/tests/site"
	"quickstep/tests/template"
)

// connections to each load balancer: 37 requests a second.
const connections = 3

// stage sets the scene, lets the play begin, and leaves nothing behind.
func stage(ctx context.Context, d *diary, t tools) (err error) {
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
	var standIn server
	defer standIn.close()
	e, err := emulator.Start(ctx, t.ministack, dir, func(endpoint string) (string, error) { return standIn.serve(ctx, r, endpoint) })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Stop()) }()
	d.say("all", "MiniStack is at %s, the stand-in for EC2, ELBv2, SSM and mute rules at %s", e.Endpoint, standIn.endpoint)
	a, err := deploy(ctx, d, e, t, standIn.endpoint)
	if err != nil {
		return err
	}
	feed(ctx, d, a, t.built)
	var contracts sync.WaitGroup
	contracts.Go(func() { suites(ctx, d, e.Endpoint, dir) })
	defer contracts.Wait()
	return perform(ctx, d, e, r, a, standIn.Server)
}

// folder is where the emulator works. It is removed at the end unless it was asked for, or is needed.
func folder(wanted string) (dir string, clean func(d *diary, needed bool), err error) {
	if wanted == "" {
		if dir, err = os.MkdirTemp("", "quickstep-e2e-"); err != nil {
			return "", nil, err
		}
	} else if dir, err = filepath.Abs(wanted); err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	return dir, func(d *diary, needed bool) {
		if wanted == "" && !needed && len(d.broken()) == 0 {
			_ = os.RemoveAll(dir) // it lies among temporary files
			return
		}
		d.say("all", "the logs are in %s", dir)
	}, err
}

// server is the stand-in at work.
type server struct {
	*standin.Server
	endpoint string
	http     *http.Server
}

func (s *server) serve(ctx context.Context, r *region, upstream string) (string, error) {
	u, err := url.Parse(upstream)
	if err != nil {
		return "", err
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("open a port for the stand-in: %w", err)
	}
	s.endpoint, s.Server = "http://"+l.Addr().String(), standin.New(r.World, u)
	s.http = &http.Server{Handler: s.Server, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.http.Serve(l) }() // ends with Close
	return s.endpoint, nil
}

func (s *server) close() {
	if s.http != nil {
		_ = s.http.Close() // who still asks is about to be ended
	}
}

// parameters are the stack's: a schedule that fires when it is told to, and the network that HTTP checks need.
func parameters() map[string]string {
	architecture := "x86_64"
	if runtime.GOARCH == "arm64" {
		architecture = "arm64"
	}
	return map[string]string{"Architecture": architecture, "FleetScheduleFleet": web.name, "FleetScheduleExpression": "at(2099-12-31T00:00:00)",
		"SubnetIds": "subnet-0123456789abcdef0", "SecurityGroupIds": "sg-0123456789abcdef0", "AlarmPrefix": "*", "RulePrefix": "*"}
}

// deploy deploys the template and makes up for what the emulator has dropped.
func deploy(ctx context.Context, d *diary, e *emulator.Emulator, t tools, standIn string) (*account, error) {
	built, err := filepath.Abs(filepath.Join(t.built, "template.yaml"))
	if err != nil {
		return nil, err
	}
	declared, err := template.Load("template.yaml", parameters())
	if err != nil {
		return nil, err
	}
	if err := e.Deploy(ctx, t.sam, built, parameters()); err != nil {
		return nil, err
	}
	s, err := emulator.Read(ctx, e.Endpoint, declared)
	if err != nil {
		return nil, err
	}
	d.say("stack", "sam has deployed %d functions and %d queues", len(s.Environment), len(s.Queues))
	kept, set, err := s.Settle(ctx)
	if err != nil {
		return nil, err
	}
	d.say("stack", "%d settings are as the template says. The emulator has dropped these, now they are set: %s", kept, emulator.Grouped(set))
	for _, limit := range emulator.Limits {
		d.say("stack", "not to be had here: %s", limit)
	}
	return &account{Stack: s, standIn: emulator.Config(standIn)}, nil
}

// perform plays it all under traffic.
func perform(ctx context.Context, d *diary, e *emulator.Emulator, r *region, a *account, s *standin.Server) error {
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
	m, err := subscribe(ctx, a.Stack, d)
	if err != nil {
		return err
	}
	traffic, err := site.Serve(ctx, []string{web.name, shop.name, batch.name}, r.routable, connections, 1)
	if err != nil {
		return err
	}
	defer traffic.Close()
	p := &play{diary: d, region: r, account: a, emulator: e, mail: m, traffic: traffic, runs: map[*fleet]string{}, killed: make(chan string, 1)}
	s.Rebooted = p.kill // nobody reboots yet
	others.Go(func() { m.read(ctx) })
	others.Go(func() { p.evaluate(ctx) })
	if err := p.begin(ctx); err != nil {
		return err
	}
	disturbed := make(chan struct{})
	others.Go(func() {
		defer close(disturbed)
		if err := errors.Join(p.report(ctx), p.disturb(ctx)); err != nil {
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
