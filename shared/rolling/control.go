package rolling

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/input"
	"quickstep/shared/ledger"
	"quickstep/shared/run"
	"quickstep/shared/sanitize"
)

// Control is what an operator does to runs: status, pause, resume, cancel, release. It changes only
// the run; resume and cancel then nudge those who wait. Of patch reports it shows which are under
// way.
type Control struct {
	choreo.Deps
}

// Command is what Control is asked.
type Command struct {
	Command  string `json:"command"`
	Run      string `json:"run,omitempty"`
	Report   string `json:"report,omitempty"`   // a patch report, of status and cancel
	Instance string `json:"instance,omitempty"` // of release
}

// Reply is what Control answers: the state after the command.
type Reply struct {
	Did          string        `json:"did,omitempty"`
	Runs         []Status      `json:"runs"`
	OutOfService []OutInstance `json:"outOfService,omitempty"` // instances that failed out of service, of all runs
}

// Status is a run as an operator sees it.
type Status struct {
	Run      string            `json:"run"`
	Fleet    string            `json:"fleet"`
	Status   string            `json:"status"`
	Since    time.Time         `json:"since"`
	Step     string            `json:"step,omitempty"` // of the run's own position
	NextWake time.Time         `json:"nextWakeUp,omitzero"`
	Total    int               `json:"total"`
	Waiting  int               `json:"waiting"`
	Done     int               `json:"done"`
	Failed   int               `json:"failed"`
	Skipped  int               `json:"skipped"`
	Tokens   int               `json:"maxConcurrency"`
	Stopped  string            `json:"stopped,omitempty"`
	Gate     string            `json:"gate,omitempty"`
	Trouble  string            `json:"trouble,omitempty"`       // what the run can't do at present
	Deleted  []string          `json:"deletedAlarms,omitempty"` // to be muted, and deleted during the run
	InFlight []InFlight        `json:"inFlight,omitempty"`
	Failures []FailedInstance  `json:"failures,omitempty"`
	Skips    []SkippedInstance `json:"skips,omitempty"` // those that a token had reached, if the run is named
	// Unhealthy are done, and not healthy somewhere, as they weren't before; if the run is named.
	Unhealthy []UnhealthyInstance `json:"unhealthy,omitempty"`
	Ended     time.Time           `json:"ended,omitzero"`
}

// InFlight is an instance that holds a token and gets on.
type InFlight struct {
	Instance string    `json:"instance"`
	Step     string    `json:"step"`
	Since    time.Time `json:"since"`
	Attempt  int       `json:"attempt,omitempty"`
	NextWake time.Time `json:"nextWakeUp,omitzero"`
	Reason   string    `json:"reason,omitempty"`
	OutSince time.Time `json:"outSince,omitzero"`
}

// FailedInstance is an instance that failed.
type FailedInstance struct {
	Instance string    `json:"instance"`
	Step     string    `json:"step"`
	Reason   string    `json:"reason"`
	At       time.Time `json:"at"`
	Out      bool      `json:"outOfService"` // it is still: neither released nor seen back
}

// UnhealthyInstance is an instance that is done although it isn't healthy somewhere, as it wasn't
// before.
type UnhealthyInstance struct {
	Instance string   `json:"instance"`
	Where    []string `json:"where"`
}

// SkippedInstance is an instance that was left as it is.
type SkippedInstance struct {
	Instance string `json:"instance"`
	Reason   string `json:"reason"`
}

// OutInstance is an instance that failed out of service and wasn't released.
type OutInstance struct {
	Instance string    `json:"instance"`
	Run      string    `json:"run"`
	Since    time.Time `json:"since"` // it has been out of service
	FailedAt time.Time `json:"failedAt,omitzero"`
	Reason   string    `json:"reason"`
}

var commands = []string{"status", "pause", "resume", "cancel", "release"}

// ParseCommand reads a command. The error holds all mistakes, a *input.FieldError or input.Several.
func ParseCommand(text []byte) (Command, error) {
	var c Command
	m := &input.Mistakes{}
	given, err := input.ParseObject("command", text, `give JSON such as {"command":"status"}`)
	if m.Add(err); given == nil {
		return c, m.Err()
	}
	given.Read(m, "", map[string]input.Reader{
		"command":  input.Word(&c.Command, "command", commands...),
		"run":      input.Text(&c.Run, orNothing(run.IDForm)),
		"report":   input.Text(&c.Report, orNothing(reportForm)),
		"instance": input.Text(&c.Instance, orNothing(run.InstanceForm)),
	})
	missing := func(field string) bool { return given[field] == nil || string(given[field]) == `""` }
	if missing("command") {
		m.Refuse("command", "give "+input.Either(commands), "it is missing")
	}
	switch {
	case m.In("command"):
	case c.Command == "release":
		if missing("instance") {
			m.Refuse("instance", "name the instance that is to be released", "it is missing")
		}
		if !missing("run") && !m.In("run") {
			m.Refuse("run", "name the instance alone", "release takes none")
		}
	case !missing("instance") && !m.In("instance"):
		m.Refuse("instance", "leave it out", "%s takes none", c.Command)
		fallthrough
	default:
		if c.Command != "status" && missing("run") && (c.Command != "cancel" || missing("report")) {
			want := "name the run; status lists them"
			if c.Command == "cancel" {
				want = "name the run or the report; status lists them"
			}
			m.Refuse("run", want, "it is missing")
		}
	}
	c.checkReport(m, missing("run"))
	return c, m.Err()
}

// checkReport refuses a report where a command takes none.
func (c Command) checkReport(m *input.Mistakes, noRun bool) {
	switch {
	case c.Report == "" || m.In("command"):
	case c.Command != "status" && c.Command != "cancel":
		m.Refuse("report", "leave it out", "%s takes none", c.Command)
	case !noRun:
		m.Refuse("report", "name the run or the report", "both are named")
	}
}

// reportForm is what ids of patch reports look like: those of runs, and no longer.
var reportForm = input.Form{Most: run.IDForm.Most, Match: run.IDForm.Match,
	Want: "a report's id, 1 to 64 letters, digits, dots, dashes and underscores; status lists " +
		"the reports that are under way",
	Fault: input.Fault{One: "is no report's id", Many: "are no reports' ids"}}

// orNothing is a form whose text may be empty, as a form to fill in sends what was left out.
func orNothing(f input.Form) input.Form {
	f.Empty = true
	return f
}

// Do carries a command out. Repeating one changes nothing more.
func (c Control) Do(ctx context.Context, owner string, text []byte) (Reply, error) {
	reply, err := c.do(ctx, owner, text)
	return reply, sanitize.Error(err)
}

func (c Control) do(ctx context.Context, owner string, text []byte) (Reply, error) {
	cmd, err := ParseCommand(text)
	if err != nil {
		return Reply{}, err
	}
	var did string
	switch cmd.Command {
	case "status":
		return c.status(ctx, cmd.Run, "")
	case "release":
		did, err = c.release(ctx, owner, cmd.Instance)
		if err != nil {
			return Reply{}, err
		}
		return c.status(ctx, "", did)
	default:
		did, err = c.change(ctx, owner, cmd)
	}
	if err != nil {
		return Reply{}, err
	}
	slog.Info("control", "command", cmd.Command, "run", cmd.Run, "outcome", did)
	return c.status(ctx, cmd.Run, did)
}

func (c Control) change(ctx context.Context, owner string, cmd Command) (did string, err error) {
	b, now := store{c.Ledger}, c.Now()
	if err := c.requireRun(ctx, cmd.Run); err != nil {
		return "", err
	}
	marks := 0
	mark := func() string { marks++; return fmt.Sprintf("%s#control-%d", owner, marks) }
	err = b.updateRun(ctx, mark, cmd.Run, func(r *run.Run) (changed bool) {
		did, changed = apply(r, cmd.Command, now)
		return changed
	})
	if err != nil {
		return "", err
	}
	return did, c.redeliverAll(ctx, owner, cmd.Run, now)
}

// apply changes the run, if there is something to change, and says what it did, or why nothing.
func apply(r *run.Run, command string, now time.Time) (did string, changed bool) {
	switch {
	case !r.Ended.IsZero():
		return "nothing to do: the run ended at " + r.Ended.UTC().Format(time.RFC3339), false
	case command == "pause" && r.Paused.IsZero():
		r.Paused = now
		return "paused: no further instance leaves service; those that are out finish their way", true
	case command == "pause":
		return "nothing to do: the run is paused since " + r.Paused.UTC().Format(time.RFC3339), false
	case command == "resume" && !r.Paused.IsZero():
		r.Paused, r.Resumed, r.ClosedSince = time.Time{}, now, time.Time{}
		return "resumed", true
	case command == "resume":
		return "nothing to do: the run isn't paused", false
	case r.Stopped == "" || !r.Paused.IsZero():
		r.Stop(now, run.Cancelled)
		if !r.Paused.IsZero() {
			r.Paused, r.Resumed = time.Time{}, now
		}
		return "cancelled: those that are out finish their way, the rest is skipped", true
	}
	return "nothing to do: no further instance leaves service already: " + r.Stopped, false
}

// redeliverAll does for the run what the watchdog would: its own position looks at it now, and
// whoever waits at the gate asks again.
func (c Control) redeliverAll(ctx context.Context, owner, id string, now time.Time) error {
	b := store{c.Ledger}
	n := choreo.Redeliverer{Ledger: c.Ledger, Queues: c.Queues, Routing: Routing, Owner: owner}
	a := newActive()
	rev, err := ledger.Read(ctx, c.Ledger, activeKey(id), a)
	if err != nil || rev == 0 || a.Step != run.StepOpen {
		return err
	}
	if _, err := n.Redeliver(ctx, activeKey(id), rev, a, now, 0); err != nil {
		return err
	}
	r, _, err := b.run(ctx, id)
	if err != nil || !r.Paused.IsZero() {
		return err
	}
	holders, err := b.holders(ctx, r, false)
	if err != nil {
		return err
	}
	var all []error
	for _, h := range holders {
		// redelivered already, a message is on its way
		if h.Step == run.StepDrain && h.LeftAt.IsZero() && h.Redeliveries == 0 {
			_, err := n.Redeliver(ctx, instanceKey(id, h.ID), h.rev, h.Instance, now, 0)
			all = append(all, err)
		}
	}
	return errors.Join(all...)
}

func (c Control) requireRun(ctx context.Context, id string) error {
	rev, err := ledger.Read(ctx, c.Ledger, runKey(id), &run.Run{})
	if err == nil && rev == 0 {
		err = input.Refuse("run", "status lists the runs that are under way",
			"there is no run %q", id)
	}
	return err
}

// release forgets that an instance failed out of service: its token and its lock are free again.
func (c Control) release(ctx context.Context, owner, instance string) (did string, err error) {
	b := store{c.Ledger}
	var out run.Out
	rev, err := ledger.Read(ctx, c.Ledger, outKey(instance), &out)
	if err != nil {
		return "", err
	}
	if rev == 0 {
		return "", input.Refuse("instance", "status lists those that did",
			"%s didn't fail out of service, or was released already", instance)
	}
	if err := b.deleteOut(ctx, owner+"#release", out, rev); err != nil {
		return "", fmt.Errorf("release %s: %w", instance, err)
	}
	slog.Info("control", "command", "release", "instance", instance, "run", out.Run)
	return fmt.Sprintf(
			"released %s, which had failed in run %s",
			instance,
			out.Run,
		), c.redeliverAll(
			ctx,
			owner,
			out.Run,
			c.Now(),
		)
}

func (c Control) status(ctx context.Context, id, did string) (Reply, error) {
	b := store{c.Ledger}
	reply := Reply{Did: did, Runs: []Status{}}
	ids := []string{id}
	if id == "" {
		docs, err := c.Ledger.List(ctx, activePK, "", "", 0)
		if err != nil {
			return reply, fmt.Errorf("list the active runs: %w", err)
		}
		ids = nil
		for _, d := range docs {
			ids = append(ids, d.SK)
		}
	} else if err := c.requireRun(ctx, id); err != nil {
		return reply, err
	}
	for _, active := range ids {
		s, err := c.one(ctx, b, active, id != "")
		if err != nil {
			return reply, err
		}
		reply.Runs = append(reply.Runs, s)
	}
	outs, _, err := b.outs(ctx)
	for _, o := range outs {
		reply.OutOfService = append(
			reply.OutOfService,
			OutInstance{Instance: o.Instance, Run: o.Run, Since: o.Since, FailedAt: o.FailedAt,
				Reason: sanitize.Text(o.Reason)},
		)
	}
	return reply, err
}

func (c Control) one(ctx context.Context, b store, id string, named bool) (Status, error) {
	r, _, err := b.run(ctx, id)
	if err != nil {
		return Status{}, err
	}
	s := Status{
		Run:     r.ID,
		Fleet:   r.Fleet,
		Status:  r.Status(),
		Since:   r.Began,
		Total:   r.Total,
		Waiting: r.Waiting,
		Done:    r.Done,
		Failed:  r.Failed,
		Skipped: r.Skipped,
		Tokens:  r.Limit,
		Stopped: sanitize.Text(r.Stopped),
		Ended:   r.Ended,
	}
	if !r.ClosedSince.IsZero() {
		s.Gate = "closed since " + r.ClosedSince.UTC().Format(time.RFC3339)
	}
	a := newActive()
	rev, err := ledger.Read(ctx, c.Ledger, activeKey(id), a)
	if err != nil {
		return s, err
	}
	if rev != 0 {
		s.Step, s.NextWake, s.Deleted = a.Step, a.Due, a.Missing
		if !a.TroubleSince.IsZero() {
			s.Trouble = "since " + a.TroubleSince.UTC().Format(time.RFC3339) + ": " + a.Position.Reason
		}
	}
	holders, err := b.holders(ctx, r, false)
	if err != nil {
		return s, err
	}
	for _, h := range holders {
		f := InFlight{
			Instance: h.ID,
			Step:     h.Step,
			Since:    h.Position.Since,
			Attempt:  h.Attempt,
			NextWake: h.Due,
			Reason:   sanitize.Text(h.Position.Reason),
		}
		if h.Out() {
			f.OutSince = h.LeftAt
		}
		s.InFlight = append(s.InFlight, f)
	}
	if r.Failed == 0 && (r.Skipped+r.Unhealthy == 0 || !named) {
		return s, nil
	}
	out, err := b.outOf(ctx, id)
	if err != nil {
		return s, err
	}
	return s, b.eachInstance(ctx, id, func(i *run.Instance) { s.add(i, named, out[i.ID]) })
}

// add tells of an instance that has ended, if there is something to tell.
func (s *Status) add(i *run.Instance, named, out bool) {
	switch {
	case i.Step == run.Failed && i.Failure != nil:
		s.Failures = append(
			s.Failures,
			FailedInstance{Instance: i.ID, Step: i.Failure.Step, Reason: sanitize.Text(i.Failure.Reason),
				At: i.Failure.At, Out: out},
		)
	case named && i.Step == run.Skipped:
		s.Skips = append(s.Skips, SkippedInstance{Instance: i.ID, Reason: sanitize.Text(i.Position.Reason)})
	case named && len(i.Unhealthy) > 0:
		s.Unhealthy = append(s.Unhealthy, UnhealthyInstance{Instance: i.ID, Where: i.Unhealthy})
	}
}
