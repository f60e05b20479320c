// Command demo reports a fleet's patches, then reboots it under load, on one machine: the product's
// own code, from the request to the summary, on the stand-in for AWS.
//
//	client ──► load balancer web ──► 12 instances, each a server for web and one for api:
//	       └─► load balancer api ──►   real listeners, closed while the instance is down
//	                  │ asks                ▲ opens and closes
//	                  ▼                     │
//	start, drain, reboot, check, rejoin … on tests/world, whose clock runs 30 times as fast
//
// A load balancer sends each request once, to a target that is registered and healthy, and gives
// the client whatever comes of it. So every request that fails is one that an instance's reboot has
// cost. The demo ends with what became of each instance, what people were told, and whether the
// rules held; it exits 1 if a request failed or a rule was broken.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"quickstep/tests/loadenv"
)

const (
	// connections to each load balancer: eight of them send 100 requests a second.
	connections = 8
	// limit is the real time after which something hangs: several times what a run takes. Who is
	// then stopped and doesn't even stop within grace is ended.
	limit = 3 * time.Minute
	grace = 30 * time.Second
	// interrupted is what a shell expects of a command that was stopped by Ctrl-C.
	interrupted = 130
)

var errHangs = fmt.Errorf("the run hasn't ended after %s of real time", limit)

func main() {
	o, err := parse(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errHangs)
	time.AfterFunc(limit+grace, func() {
		fmt.Fprintf(os.Stderr, "demo: %v, and can't be stopped\n", errHangs)
		os.Exit(1)
	})
	code, err := demo(ctx, os.Stdout, o)
	cancel()
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
	}
	os.Exit(code)
}

// demo runs it all, and gives the exit status.
func demo(ctx context.Context, out *os.File, o options) (code int, err error) {
	j, err := openJournal(o.logs)
	if err != nil {
		return 1, err
	}
	defer func() { j.close(code == 1 && !o.undrained) }()

	f, err := newFleet(ctx, o)
	if err != nil {
		return 1, err
	}
	defer f.close()
	terminal := interactive(out, os.Getenv)
	p := page{out: out, color: terminal}
	introduce(p, o.undrained)
	if err := f.patchReport(ctx, p); err != nil {
		return 1, err
	}

	traffic, err := loadenv.Serve(ctx, groups, f.routable, connections, o.seed)
	if err != nil {
		return 1, err
	}
	defer traffic.Close()
	s := newScreen(p, terminal)
	if o.record != "" {
		s.record = newRecording(time.Now)
	}
	if err := reboot(ctx, f, traffic, s); err != nil {
		return stopped(ctx, p, f, traffic, err)
	}
	traffic.Close()

	e := f.evidence(traffic.Tally())
	e.undrained = o.undrained
	e.print(p)
	if err := s.record.save(o.record, e); err != nil {
		return 1, err
	}
	if e.failed() {
		return 1, nil
	}
	return 0, nil
}

// reboot asks for the run, and shows how it gets on until it has ended and its last message is
// gone.
func reboot(ctx context.Context, f *fleet, t *loadenv.Traffic, s *screen) error {
	defer s.close()
	if err := f.begin(ctx); err != nil {
		return err
	}
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
		v := f.view()
		s.show(v, t.Tally())
		if v.quiet {
			return nil
		}
	}
}

// stopped says what was under way when the demo was stopped, or couldn't go on.
func stopped(ctx context.Context, p page, f *fleet, t *loadenv.Traffic, err error) (int, error) {
	t.Close()
	if ctx.Err() != nil && !errors.Is(context.Cause(ctx), errHangs) {
		p.printf("stopped\n")
		return interrupted, nil
	}
	for _, line := range f.hanging() {
		p.printf("%s\n", line)
	}
	printTraffic(p, t.Tally())
	return 1, err
}
