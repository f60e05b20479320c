// Package control is what an operator asks, of rolling reboots and of patch reports.
package control

import (
	"context"
	"encoding/json"
	"log/slog"

	"quickstep/shared/choreo"
	"quickstep/shared/patch"
	"quickstep/shared/report"
	"quickstep/shared/rolling"
	"quickstep/shared/sanitize"
)

// Reply is the answer: the state after the command.
type Reply struct {
	rolling.Reply
	// Reports are the patch reports under way, or the one that the command names; of status, unless
	// it names a run.
	Reports []report.Underway `json:"reports,omitempty"`
}

// Handler is the code of the control function.
func Handler(d choreo.Deps) choreo.Function {
	return func(ctx context.Context, command json.RawMessage) (any, error) {
		return Do(ctx, d, choreo.Invocation(ctx), command)
	}
}

// Do carries a command out. Repeating one changes nothing more.
func Do(ctx context.Context, d choreo.Deps, owner string, command []byte) (Reply, error) {
	if cmd, err := rolling.ParseCommand(command); err == nil && cmd.Report != "" {
		reply, err := ofReport(ctx, d, owner, cmd)
		return reply, sanitize.Error(err)
	}

	runs, err := rolling.Control{Deps: d}.Do(ctx, owner, command)
	reply := Reply{Reply: runs}
	if err != nil {
		return reply, err
	}

	cmd, err := rolling.ParseCommand(command)
	if err == nil && cmd == (rolling.Command{Command: "status"}) {
		reply.Reports, err = patch.UnderWay(ctx, d.Ledger)
	}
	return reply, sanitize.Error(err)
}

// ofReport carries out a command that names a report: status or cancel.
func ofReport(ctx context.Context, d choreo.Deps, owner string, cmd rolling.Command) (Reply, error) {
	reply := Reply{Reply: rolling.Reply{Runs: []rolling.Status{}}}
	if cmd.Command == "cancel" {
		did, err := patch.Cancel(ctx, d, owner, cmd.Report)
		if err != nil {
			return reply, err
		}
		slog.Info("control", "command", cmd.Command, "report", cmd.Report, "outcome", did)
		reply.Did = did
	}

	shown, err := patch.Show(ctx, d.Ledger, cmd.Report)
	reply.Reports = []report.Underway{shown}
	return reply, err
}
