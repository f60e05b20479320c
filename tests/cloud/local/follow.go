package main

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/cloud/dynamodb"
	"quickstep/shared/control"
	"quickstep/shared/rolling"
	"quickstep/tests/cloud/stage"
)

// operator reads the ledger the way control does, and changes nothing unless told to.
type operator struct{ deps choreo.Deps }

func newOperator(s *stage.Stage) operator {
	return operator{choreo.Deps{
		Ledger: dynamodb.New(s.Config, s.Table),
		Queues: silent{},
		Now:    choreo.Milliseconds(time.Now),
	}}
}

// silent loses messages. The watchdog finds what they were about.
type silent struct{}

func (silent) Send(context.Context, ...choreo.Envelope) error { return nil }

func (o operator) command(ctx context.Context, command, run string) (control.Reply, error) {
	text, err := json.Marshal(rolling.Command{Command: command, Run: run})
	if err != nil {
		return control.Reply{}, err
	}
	return control.Do(ctx, o.deps, "make-local-"+command+"-"+run, text)
}

// follow tells how runs and reports get on, until ctx ends.
func follow(ctx context.Context, s *stage.Stage, d *stage.Log) {
	o, tick := newOperator(s), time.NewTicker(2*time.Second)
	defer tick.Stop()
	told := map[string]string{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		reply, err := o.command(ctx, "status", "")
		if err != nil {
			continue // the next look is as good
		}
		now := map[string]string{}
		for _, r := range reply.Runs {
			now[r.Run] = stage.Summary(r)
			if stillWaits(r) {
				now[r.Run] = ""
			}
		}
		for _, r := range reply.Reports {
			now[r.Report] = "report at " + r.Step
			if strings.HasPrefix(r.Reason, becauseOf) {
				now[r.Report] = ""
			}
		}
		tell(ctx, o, d, told, now)
	}
}

// tell says what has changed, and how those ended that aren't under way any more.
func tell(ctx context.Context, o operator, d *stage.Log, told, now map[string]string) {
	for name, line := range now {
		if line != "" && told[name] != line {
			d.Say(name, "%s", line)
		}
		told[name] = line
	}
	for name := range told {
		if _, still := now[name]; still {
			continue
		}
		delete(told, name)
		reply, err := o.command(ctx, "status", name)
		if err == nil && len(reply.Runs) == 1 {
			r := reply.Runs[0]
			d.Say(
				name,
				"ended: %d of %d done, %d failed, %d skipped",
				r.Done,
				r.Total,
				r.Failed,
				r.Skipped,
			)
			continue
		}
		d.Say(name, "ended")
	}
}

// stillWaits says that a run is one of those that wait for an event: nothing wakes it for weeks.
func stillWaits(r rolling.Status) bool {
	far := func(t time.Time) bool { return time.Until(t) > waits/2 }
	return far(r.NextWake) && (len(r.InFlight) == 0 || far(r.InFlight[0].NextWake))
}
