package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"quickstep/shared/ledger"
	"quickstep/shared/run"
	"quickstep/tests/sim"
)

// message is a message that was taken.
func (c checker) message(then func(ctx context.Context) (string, error)) effect {
	return func(ctx context.Context, answer json.RawMessage) (string, error) {
		if string(answer) != `{"batchItemFailures":[]}` {
			return "", errors.New("the message should be taken")
		}
		return then(ctx)
	}
}

// instance is a message about the instance of a run that waits for it.
func (c checker) instance(event string, then func(*run.Instance) (string, error)) effect {
	w := waiting[slices.IndexFunc(waiting, func(w wait) bool { return w.event == event })]
	return c.message(func(ctx context.Context) (string, error) {
		i := &run.Instance{}
		if there, err := c.read(ctx, "RUN#"+w.run(), "I#"+w.instance, i); err != nil || !there {
			return "", errors.Join(fmt.Errorf("run %s has no %s", w.run(), w.instance), err)
		}
		if i.N == 1 && i.Redriven.IsZero() {
			return "", errors.New("it hasn't moved on")
		}
		return then(i)
	})
}

func (c checker) registered(w string) (is bool) {
	c.region.Do(func() {
		for _, t := range c.region.TargetsOf(sim.Group(w)) {
			is = is || t.Registered()
		}
	})
	return is
}

func (c checker) drained(i *run.Instance) (string, error) {
	if i.LeftAt.IsZero() || i.GoneAt.IsZero() || (c.registered(i.Run) && i.RegisteredAt.IsZero()) {
		return "", errors.New("it isn't deregistered")
	}
	return "the instance is deregistered, and reboot is next", nil
}

func (c checker) rebooted(i *run.Instance) (string, error) {
	if i.RebootCalls != 1 || i.RebootAskedAt.IsZero() {
		return "", fmt.Errorf("RebootInstances was called %d times", i.RebootCalls)
	}
	err := await(context.Background(), soon, func() (err error) {
		c.region.Do(func() {
			if c.region.Boots(i.ID) != 1 {
				err = errors.New("it hasn't gone down")
			}
		})
		return err
	})
	return "EC2 reboots the instance, and check is next", err
}

func (c checker) checked(i *run.Instance) (string, error) {
	if i.StartedAt.IsZero() {
		return "", fmt.Errorf("it isn't started: %s", i.Reason)
	}
	return "the instance counts as started, and rejoin is next", nil
}

func (c checker) rejoined(i *run.Instance) (string, error) {
	if i.RegisteredAt.IsZero() || !c.registered(i.Run) {
		return "", errors.New("it isn't registered")
	}
	return "the instance is registered again, until it is healthy it is waited for", nil
}

func (c checker) failedOut(i *run.Instance) (string, error) {
	var out run.Out
	there, err := c.read(context.Background(), "OUT", i.ID, &out)
	if err != nil || i.Step != run.Failed || !there {
		return "", errors.Join(fmt.Errorf("it is %s, and out of service: %t", i.Step, there), err)
	}
	if err := c.mailed("alarm", i.ID); err != nil {
		return "", err
	}
	return "the instance has failed out of service, and the alarm topic is told", nil
}

func (c checker) givenBack(i *run.Instance) (string, error) {
	if i.Redriven.IsZero() {
		return "", errors.New("it wasn't given back")
	}
	return "the message is given back to drain, for no code had run", nil
}

func (c checker) finished(ctx context.Context) (string, error) {
	r, err := c.readRun(ctx, "demo-finish")
	if err != nil || r.Ended.IsZero() {
		return "", errors.Join(errors.New("the run hasn't ended"), err)
	}
	there, err := c.read(ctx, "LOCK#fleet/demo-finish", "LOCK", &run.Lock{})
	if err != nil || there {
		return "", errors.Join(fmt.Errorf("its lock is there: %t", there), err)
	}
	const did = "the run has ended, its locks are free, the report topic is told"
	return did, c.mailed("report", "demo-finish")
}

func (c checker) opened(ctx context.Context) (string, error) {
	r, err := c.readRun(ctx, "demo-start-message")
	if err != nil || r.Opened.IsZero() || r.Total != 1 {
		return "", errors.Join(fmt.Errorf("the run isn't open: %+v", r), err)
	}
	return "the run is open, and its instance is told to leave", nil
}

// forgotten begins a run whose instance is overdue: its message was lost.
func (c checker) forgotten(ctx context.Context) error {
	now := time.Now().UTC().Truncate(time.Second)
	docs, err := lost.docs(now.Add(-waits - time.Hour))
	if err != nil {
		return err
	}
	return ledger.Apply(ctx, c.store, "make-local-lost", docs...)
}

func (c checker) watched(ctx context.Context, _ json.RawMessage) (string, error) {
	var i run.Instance
	_, err := c.read(ctx, "RUN#"+lost.run(), "I#"+lost.instance, &i)
	if err != nil || (i.N == 1 && i.Redeliveries == 1) {
		return "", errors.Join(errors.New("it should give the overdue instance its message again"), err)
	}
	return "an instance whose message was lost has it again", nil
}
