// Command demo reports a fleet's patches, then reboots it under load, on one machine: the product's own code, from the request
// to the summary, on the stand-in for AWS.
//
//	client ──► load balancer web ──► 12 instances, each a server for web and one for api:
//	       └─► load balancer api ──►   real listeners, closed while the instance is down
//	                  │ asks                ▲ opens and closes
//	                  ▼                     │
//	start, drain, reboot, check, rejoin … on tests/world, whose clock runs 30 times as fast
//
// A load balancer sends each request once, to a target that is registered and healthy, and gives the client whatever comes
// of it. So every request that fails is one that an instance's reboot has cost. The demo ends with what became of each
// instance, what people were told, and whether the rules held; it exits 1 if a request failed or a rule was broken.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"quickstep/tests/site"
)

const (
	// seed decides all chance: habits of the instances, latencies, which requests take long.
	seed = 1
	// connections to each load balancer: eight of them send 100 requests a second.
	connections = 8
	// limit is the real time after which something hangs: several times what a run takes. Who is then stopped and doesn't
	// even stop within grace is ended.
	limit = 3 * time.Minute
	grace = 30 * time.Second
	// interrupted is what a shell expects of a command that was stopped by Ctrl-C.
	interrupted = 130
)

var errHangs = fmt.Errorf("the run hasn't ended after %s of real time", limit)

func main() {
	breaks := flag.String("break", "", "what to leave out: drain (instances are rebooted while they serve)")
	logs := flag.String("log", "", "the file that takes the functions' logs; without it they are kept only if the demo fails")
	flag.Parse()
	if flag.NArg() > 0 || (*breaks != "" && *breaks != "drain") {
		fmt.Fprintln(os.Stderr, "usage: demo [-break drain] [-log file]")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errHangs)
	time.AfterFunc(limit+grace, func() {
		fmt.Fprintf(os.Stderr, "demo: %v, and can't be stopped\n", errHangs)
		os.Exit(1)
	})
	code, err := demo(ctx, os.Stdout, *breaks == "drain", *logs)
	cancel()
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
	}
	os.Exit(code)
}

// demo runs it all, and gives the exit status.
func demo(ctx context.Context, out *os.File, undrained bool, logs string) (code int, err error) {
	j, err := openJournal(logs)
	if err != nil {
		return 1, err
	}
	defer func() { j.close(code == 1 && !undrained) }()
	f, err := newFleet(ctx, undrained)
	if err != nil {
		return 1, err
	}
	defer f.close()
	introduce(out, undrained)
	if err := f.patchReport(ctx, out); err != nil {
		return 1, err
	}
	traffic, err := site.Serve(ctx, groups, f.routable, connections, seed)
	if err != nil {
		return 1, err
	}
	defer traffic.Close()
	if err := reboot(ctx, f, traffic, newScreen(out)); err != nil {
		return stopped(ctx, out, f, traffic, err)
	}
	traffic.Close()
	e := f.evidence(traffic.Tally())
	e.print(out)
	if e.failed() {
		return 1, nil
	}
	return 0, nil
}

// reboot asks for the run, and shows how it gets on until it has ended and its last message is gone.
func reboot(ctx context.Context, f *fleet, t *site.Traffic, s *screen) error {
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
func stopped(ctx context.Context, out io.Writer, f *fleet, t *site.Traffic, err error) (int, error) {
	t.Close()
	if ctx.Err() != nil && !errors.Is(context.Cause(ctx), errHangs) {
		fmt.Fprintln(out, "stopped")
		return interrupted, nil
	}
	for _, line := range f.hanging() {
		fmt.Fprintln(out, line)
	}
	printTraffic(out, t.Tally())
	return 1, err
}
