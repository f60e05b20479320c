package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"quickstep/shared/cloud/lambda"
	"quickstep/shared/ledger"
	"quickstep/shared/report"
	"quickstep/shared/rolling"
	"quickstep/shared/run"
)

// soon is how long an effect may take that the deployed functions have a part in.
const soon = 90 * time.Second

// trials are all events, in an order in which the runs of fleet web don't wait for one another:
// each is cancelled as soon as it was seen, and while it comes to its end others are tried.
func (c checker) trials() []trial {
	return []trial{
		{event: "start-checks", effect: c.begun("web", 8, c.muting(bus, "web-unhealthy"), c.asks, c.cancelled)},
		{event: "start-instances", effect: c.begun("batch", 2)},
		{event: "drain", effect: c.instance("drain", c.drained)},
		{event: "reboot", effect: c.instance("reboot", c.rebooted)},
		{event: "check", effect: c.instance("check", c.checked)},
		{event: "rejoin", effect: c.instance("rejoin", c.rejoined)},
		{event: "start-fleet", before: c.free, effect: c.begun("web", 8, c.cancelled)},
		{event: "triage", effect: c.instance("triage", c.failedOut)},
		{event: "triage-moved", effect: c.instance("triage-moved", c.givenBack)},
		{event: "finish", effect: c.message(c.finished)},
		{event: "start-message", effect: c.message(c.opened)},
		{event: "start-scheduled", before: c.free, effect: c.begun("web", 8, c.cancelled)},
		{event: "survey-instances", effect: c.surveyed(report.ByHand)},
		{event: "survey-tags", effect: c.surveyed(report.ByHand)},
		{event: "survey-scheduled-tags", effect: c.surveyed(report.ByHand)},
		{event: "survey-message", effect: c.message(c.surveyMessage)},
		{event: "scan", effect: c.message(c.scanned)},
		{event: "report", effect: c.message(c.reported)},
		{event: "start", before: c.free, effect: c.begun("web", 8, c.muting("default", "web-unhealthy"), c.cancelled)},
		{event: "start-id", before: c.free, effect: c.begun("web", 8)},
		{event: "control-status", effect: c.status("demo", "demo-reboot")},
		{event: "control-status-run", effect: c.status("demo")},
		{event: "survey", effect: c.surveyed(report.Before)},
		{event: "survey-after", effect: c.surveyed(report.Before, report.After)},
		{event: "survey-scheduled", effect: c.surveyedLater},
		{event: "watchdog", before: c.forgotten, effect: c.watched},
		{event: "control-release", effect: c.released},
		{event: "control-pause", before: c.movesOn, effect: c.commanded("paused", isPaused)},
		{event: "control-resume", effect: c.commanded("resumed", isResumed)},
		{event: "control-cancel", effect: c.commanded("cancelled", isCancelled)},
	}
}

func isPaused(r *run.Run) bool    { return !r.Paused.IsZero() }
func isResumed(r *run.Run) bool   { return r.Paused.IsZero() && !r.Resumed.IsZero() }
func isCancelled(r *run.Run) bool { return r.Stopped == run.Cancelled }

type effect = func(ctx context.Context, answer json.RawMessage) (did string, err error)

func (c checker) read(ctx context.Context, pk, sk string, into any) (there bool, err error) {
	rev, err := ledger.Read(ctx, c.store, key(pk, sk), into)
	return rev > 0, err
}

func (c checker) readRun(ctx context.Context, id string) (*run.Run, error) {
	r := &run.Run{}
	there, err := c.read(ctx, "RUN#"+id, "RUN", r)
	if err == nil && !there {
		err = fmt.Errorf("the ledger has no run %s", id)
	}
	return r, err
}

// again is what start remarks if it has begun nothing.
const again = "an earlier request has begun this run"

// also is what else must be true of a run that was begun.
type also = func(ctx context.Context, run string) (did string, err error)

// begun is a request that has begun a run of a fleet.
func (c checker) begun(fleet string, instances int, and ...also) effect {
	return func(ctx context.Context, answer json.RawMessage) (string, error) {
		var b rolling.StartResult
		if err := json.Unmarshal(answer, &b); err != nil {
			return "", err
		}
		isNew := b.Status == run.StepStarting && b.Run != "" && !slices.Contains(b.Remarks, again)
		if !isNew || b.Fleet != fleet || b.Instances != instances {
			return "", fmt.Errorf("want a new run of fleet %s, %d instances", fleet, instances)
		}
		if _, err := c.readRun(ctx, b.Run); err != nil {
			return "", err
		}
		done := []string{"the ledger has the run"}
		for _, f := range and {
			did, err := f(ctx, b.Run)
			if err != nil {
				return "", err
			}
			done = append(done, did)
		}
		return strings.Join(done, ", "), nil
	}
}

// muting says what a run mutes.
func (c checker) muting(onBus, rule string) also {
	return func(ctx context.Context, id string) (string, error) {
		var p run.Plan
		if _, err := c.read(ctx, "RUN#"+id, "PLAN", &p); err != nil {
			return "", err
		}
		slices.Sort(p.Alarms)
		want := []run.Rule{{Bus: onBus, Name: rule}}
		if !slices.Equal(p.Alarms, alarms) || !slices.Equal(p.Rules, want) {
			return "", fmt.Errorf("it mutes %v and %v", p.Alarms, p.Rules)
		}
		return fmt.Sprintf("it mutes %s and rule %s of bus %s", strings.Join(alarms, ", "), rule, onBus), nil
	}
}

// asks is that the operator's function, which the check asks, is there and answers.
func (c checker) asks(ctx context.Context, _ string) (string, error) {
	did := "function " + ready + " answers"
	is, why, err := lambda.New(c.Config).Ready(ctx, ready, map[string]string{})
	if err == nil && !is {
		err = fmt.Errorf("%s isn't ready: %s", ready, why)
	}
	return did, err
}

// cancelled ends a run, so that the next one can begin.
func (c checker) cancelled(ctx context.Context, id string) (string, error) {
	var reply rolling.Reply
	command := rolling.Command{Command: "cancel", Run: id}
	return "then it is cancelled", c.Invoke(ctx, "control", command, &reply)
}

// free waits until no run is at work on fleet web.
func (c checker) free(ctx context.Context) error {
	return await(ctx, 3*time.Minute, func() error {
		var l run.Lock
		there, err := c.read(ctx, "LOCK#fleet/web", "LOCK", &l)
		if err == nil && there {
			err = fmt.Errorf("run %s is at work on fleet web", l.Run)
		}
		return err
	})
}

// movesOn waits until the deployed functions have carried run demo on: muted it, opened it, let an
// instance leave.
func (c checker) movesOn(ctx context.Context) error {
	return await(ctx, 3*time.Minute, func() error {
		r, err := c.readRun(ctx, "demo")
		if err == nil && (r.Opened.IsZero() || len(r.Tokens) == 0) {
			err = fmt.Errorf("run demo is %s", r.Status())
		}
		if err != nil {
			return err
		}
		for _, t := range r.Tokens {
			var i run.Instance
			_, err := c.read(ctx, "RUN#demo", "I#"+t.Instance, &i)
			if err == nil && !i.LeftAt.IsZero() {
				return nil
			}
		}
		return errors.New("no instance of run demo has left")
	})
}

// mailed waits for a mail.
func (c checker) mailed(topic, about string) error {
	return await(context.Background(), soon, func() error {
		if len(c.mail.About(topic, about)) == 0 {
			return fmt.Errorf("topic %s has nothing about %s", topic, about)
		}
		return nil
	})
}

// status lists runs, these among them; a single one alone.
func (c checker) status(runs ...string) effect {
	return func(_ context.Context, answer json.RawMessage) (string, error) {
		var reply rolling.Reply
		if err := json.Unmarshal(answer, &reply); err != nil {
			return "", err
		}
		var listed []string
		for _, r := range reply.Runs {
			listed = append(listed, r.Run)
		}
		if !slices.Contains(listed, runs[0]) || (len(runs) == 1) != (len(listed) == 1) {
			return "", fmt.Errorf("it lists %v", listed)
		}
		return "it lists " + strings.Join(listed, ", "), nil
	}
}

// commanded is a command that has changed run demo.
func (c checker) commanded(did string, holds func(*run.Run) bool) effect {
	return func(ctx context.Context, answer json.RawMessage) (string, error) {
		var reply rolling.Reply
		if err := json.Unmarshal(answer, &reply); err != nil {
			return "", err
		}
		r, err := c.readRun(ctx, "demo")
		if err != nil || !strings.HasPrefix(reply.Did, did) || !holds(r) {
			return "", errors.Join(fmt.Errorf("run demo is %s", r.Status()), err)
		}
		return "run demo is " + r.Status(), nil
	}
}

func (c checker) released(ctx context.Context, _ json.RawMessage) (string, error) {
	for _, k := range []ledger.Key{key("OUT", failed), key("LOCK#"+failed, "LOCK")} {
		var any map[string]any
		if there, err := c.read(ctx, k.PK, k.SK, &any); err != nil || there {
			return "", errors.Join(fmt.Errorf("%s is still there: %t", k, there), err)
		}
	}
	return "its lock and its token are free", nil
}
