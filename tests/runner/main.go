// Command runner runs go test and shows how far it is: that it has begun, each package as soon as it
// has ended, and every few seconds what is under way. go test by itself says nothing while it
// compiles, and keeps back what has ended until everything before it in the alphabet has.
//
//	go run ./tests/runner -name simulations ./tests/sim/... ./tests/storm/...
//	go run ./tests/runner -name raced -race ./...
//
// After -name come go test's own arguments. What failed is shown whole, and the exit status is 1
// then.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"
)

// quiet is how long nothing may be said.
const quiet = 10 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	args, name := os.Args[1:], "tests"
	if len(args) > 1 && args[0] == "-name" {
		name, args = args[1], args[2:]
	}
	ok, err := test(ctx, &progress{out: os.Stdout, name: name, began: time.Now()}, ".", args)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "runner:", err)
	}
	if !ok || err != nil {
		os.Exit(1)
	}
}

// test runs go test in a folder with the arguments. It says whether all passed.
func test(ctx context.Context, p *progress, folder string, args []string) (bool, error) {
	p.begin(args)
	// an interrupt from the keyboard reaches go test as well, which ends in its own way
	cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-json"}, args...)...)
	cmd.Dir = folder
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = quiet
	out, err := cmd.StdoutPipe()
	if err != nil {
		return false, fmt.Errorf("listen to go test: %w", err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return false, fmt.Errorf("start go test: %w", err)
	}
	follow(ctx, p, out)
	err = cmd.Wait()
	select {
	case <-ctx.Done(): // somebody has stopped it: that isn't a failure to report
		p.printf("stopped")
		return false, nil
	default:
	}
	p.end(time.Now(), err == nil)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return false, fmt.Errorf("run go test: %w", err)
	}
	return err == nil, nil
}

// follow shows what go test says, until it says no more. What was stopped has not failed: what is
// said after that is read, for go test would wait otherwise, and not shown.
func follow(ctx context.Context, p *progress, out io.Reader) {
	lines := make(chan []byte)
	go func() {
		defer close(lines)
		in := bufio.NewReader(out)
		for {
			line, err := in.ReadBytes('\n')
			if len(line) > 0 {
				lines <- line
			}
			if err != nil {
				return
			}
		}
	}()
	tick := time.NewTicker(quiet)
	defer tick.Stop()
	for {
		select {
		case line, more := <-lines:
			if !more {
				return
			}
			if ctx.Err() != nil {
				continue
			}
			var e event
			if err := json.Unmarshal(line, &e); err != nil {
				fmt.Fprintf(p.out, "%s", line) // none of go test's: shown as it is
				continue
			}
			p.see(e)
		case now := <-tick.C:
			p.beat(now)
		}
	}
}
