package patch_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/patch"
	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// refusing is Systems Manager for a role that may not read some nodes.
type refusing struct {
	*world.SSM
	nodes []string
}

func (r refusing) Patches(
	ctx context.Context,
	id string,
	states []string,
	token string,
) ([]report.Patch, string, error) {
	if slices.Contains(r.nodes, id) {
		return nil, "", fmt.Errorf(
			"list the patches of %s: %w",
			id,
			errors.New("AccessDeniedException: not authorized to perform: ssm:DescribeInstancePatches"),
		)
	}
	return r.SSM.Patches(ctx, id, states, token)
}

// denied lets the scan function be refused each time that it asks for some nodes.
func denied(f *sim.Fleet, nodes ...string) {
	deps := choreo.Deps{
		Ledger: f.Table(),
		Queues: f.Queues("scan"),
		Now:    choreo.Milliseconds(f.Now),
		Lease:  90 * time.Second,
	}
	f.Handle("scan", patch.Scanner{Deps: deps, Patches: refusing{f.SSM(), nodes}}.Handler())
}
