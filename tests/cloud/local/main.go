// Command local is make local and make local-check: it lets sam local invoke run the functions, in
// containers, against something that answers.
//
//	sam local invoke ──► container: bootstrap ──► stage: MiniStack and the stand-in, at the address of Docker's bridge
//	    │ reads                                          │ runs the deployed functions on what was begun
//	    ▼                                                ▼
//	.aws-sam/local/: the derived template       runs and reports get on, and it is told here
//
// With -stack the derived template speaks of a deployed stack instead, and what is invoked acts on
// the caller's account. With -check every event in events/ is invoked, and its answer and effect
// compared.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"quickstep/tests/cloud/emulator"
	"quickstep/tests/cloud/stage"
	"quickstep/tests/template"
)

// options are what the Makefile gives.
type options struct {
	ministack, sam, built string
	stack, confirm        string
	check, before         bool
}

func main() {
	var o options
	flag.StringVar(&o.ministack, "ministack", "", "the program ministack")
	flag.StringVar(&o.sam, "sam", "", "the program sam")
	flag.StringVar(&o.built, "built", "", "the folder into which sam has built, for this machine")
	flag.StringVar(&o.stack, "stack", "", "a deployed stack, instead of an emulated one")
	flag.StringVar(&o.confirm, "confirm", "", "the account that the deployed stack is in")
	flag.BoolVar(&o.check, "check", false, "invoke every event, and compare")
	flag.BoolVar(&o.before, "before", false, "only say what is missing, before anything is built")
	flag.Parse()
	if flag.NArg() > 0 || (!o.before && (o.sam == "" || o.built == "")) {
		fmt.Fprintln(os.Stderr, "usage: see make local")
		os.Exit(2)
	}
	slog.SetDefault(slog.New(slog.DiscardHandler)) // what the product's own code would log here
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := o.run(ctx)
	ended := ctx.Err() != nil && !o.check // as one ends it
	stop()
	if err != nil && !ended {
		fmt.Fprintf(os.Stderr, "make local: %v\n", err)
		os.Exit(1)
	}
}

func (o options) run(ctx context.Context) (err error) {
	if o.before {
		return o.missing(ctx)
	}
	free, err := claim()
	if err != nil {
		return err
	}
	defer free()
	if o.stack != "" {
		return o.onStack(ctx)
	}
	return o.onEmulator(ctx)
}

// missing says what is missing, or refused, before minutes are spent on building.
func (o options) missing(ctx context.Context) error {
	if o.stack != "" {
		_, err := cli{"aws"}.confirmed(ctx, o.confirm)
		return errors.Join(err, daemon(ctx))
	}
	_, err := bridge(ctx)
	return errors.Join(emulator.Environment(), err)
}

// seen is the folder of what was built, seen from the derived template.
func (o options) seen() (string, error) { return filepath.Rel(folder, o.built) }

// onStack derives the template for a deployed stack, and waits until nobody needs it any more.
func (o options) onStack(ctx context.Context) error {
	declared, err := template.Load("template.yaml", nil)
	if err != nil {
		return err
	}
	built, err := o.seen()
	if err != nil {
		return err
	}
	to := target{built: built, architecture: stage.Architecture()}
	d, account, err := onAccount(ctx, cli{"aws"}, declared, o.stack, o.confirm, to)
	if err != nil {
		return err
	}
	if err := daemon(ctx); err != nil {
		return err
	}
	if err := d.write(); err != nil {
		return err
	}
	showStack(os.Stdout, declared, o.sam, o.stack, account)
	<-ctx.Done()
	return nil
}

// onEmulator sets the stage, and leaves nothing behind.
func (o options) onEmulator(ctx context.Context) (err error) {
	if err := emulator.Environment(); err != nil {
		return err
	}
	host, err := bridge(ctx)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "quickstep-local-")
	if err != nil {
		return err
	}
	d := stage.NewLog(os.Stdout)
	defer func() {
		if err != nil && ctx.Err() == nil {
			d.Say("all", "the logs are in %s", dir)
			return
		}
		err = errors.Join(err, os.RemoveAll(dir))
	}()
	r := newRegion(ctx)
	defer r.close()
	s, err := stage.Open(ctx, stage.Options{Ministack: o.ministack, Sam: o.sam, Built: o.built,
		Dir: dir, Host: host, Parameters: parameters(), World: r.World, Diary: d})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := errors.Join(r.populate(ctx), furnish(ctx, s)); err != nil {
		return err
	}
	if err := o.derive(s); err != nil {
		return err
	}
	return o.open(ctx, s, r, d)
}

func (o options) derive(s *stage.Stage) error {
	built, err := o.seen()
	if err != nil {
		return err
	}
	to := target{"Acts on the emulator of make local.", built, stage.Architecture()}
	made, err := derive(s.Template, to, s.Environment, s.Variables())
	if err != nil {
		return err
	}
	return made.write()
}

// open lets others invoke, or invokes everything itself.
func (o options) open(ctx context.Context, s *stage.Stage, r *region, d *stage.Log) error {
	ctx, end := context.WithCancel(ctx)
	var others sync.WaitGroup
	defer others.Wait()
	defer end()
	told := d
	if o.check {
		told = stage.NewLog(io.Discard) // the table is what is to be read
	}
	m, err := stage.Subscribe(ctx, s.Stack, told)
	if err != nil {
		return err
	}
	others.Go(func() { m.Read(ctx) })
	if o.check {
		return newChecker(s, r, m, o.sam).all(ctx, os.Stdout)
	}
	show(os.Stdout, s.Template, o.sam)
	others.Go(func() { follow(ctx, s, d) })
	<-ctx.Done()
	d.Say("all", "ending, within %s", time.Minute)
	return nil
}
