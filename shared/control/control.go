// Package control is what an operator asks, of rolling reboots and of patch reports.
package control

import (
	"context"
	"encoding/json"

	"quickstep/shared/choreo"
	"quickstep/shared/patch"
	"quickstep/shared/report"
	"quickstep/shared/rolling"
	"quickstep/shared/sanitize"
)

// Reply is the answer: the state after the command.
type Reply struct {
	rolling.Reply
	// Reports are the patch reports under way; of status, unless it names a run.
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
