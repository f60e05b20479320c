package ssm

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"quickstep/shared/cloud/awserr"
	"quickstep/shared/report"
	"quickstep/shared/run"
)

const (
	// statesPerCall is the most nodes whose patch states are read at once.
	statesPerCall = 50
	// patchPage is how many patches are read at once. The API's reference says 100, which it has been seen to refuse.
	patchPage = 50
)

// States reads what the last scan or installation on each node has come to, sorted by id. Nodes
// that were never scanned, or that Systems Manager doesn't know, are absent. It makes no call for
// no ids.
func (s SystemsManager) States(ctx context.Context, ids []string) ([]report.State, error) {
	var states []report.State
	for chunk := range slices.Chunk(slices.Compact(slices.Sorted(slices.Values(ids))), statesPerCall) {
		err := pages(func(token *string) (*string, error) {
			page, err := s.client.DescribeInstancePatchStates(ctx, &api.DescribeInstancePatchStatesInput{
				InstanceIds: chunk, MaxResults: aws.Int32(statesPerCall), NextToken: token,
			})
			if err != nil {
				return nil, err
			}
			for _, state := range page.InstancePatchStates {
				states = append(states, patchState(state))
			}
			return page.NextToken, nil
		})
		if err != nil {
			return nil, fmt.Errorf("read the patch states of %d nodes: %w", len(ids), awserr.Mark(err))
		}
	}
	slices.SortFunc(states, func(a, b report.State) int { return cmp.Compare(a.ID, b.ID) })
	return states, nil
}

func patchState(s types.InstancePatchState) report.State {
	return report.State{
		ID: aws.ToString(s.InstanceId), Baseline: aws.ToString(s.BaselineId), Group: aws.ToString(s.PatchGroup),
		Snapshot: aws.ToString(s.SnapshotId), Operation: string(s.Operation), Ended: known(s.OperationEndTime),
		Installed: int(s.InstalledCount), Missing: int(s.MissingCount), Failed: int(s.FailedCount),
		PendingReboot: int(aws.ToInt32(s.InstalledPendingRebootCount)),
	}
}

// Patches reads one page of the patches on a node that are in one of the states, or in any if none
// are given; an empty token is for the first page, an empty next says that there are no more. A
// page may be empty. The error wraps report.ErrToken if the token holds no longer, and
// run.ErrUnmanaged if Systems Manager doesn't know the node.
func (s SystemsManager) Patches(
	ctx context.Context, id string, states []string, token string,
) (page []report.Patch, next string, err error) {
	in := &api.DescribeInstancePatchesInput{InstanceId: &id, MaxResults: aws.Int32(patchPage)}
	if len(states) > 0 {
		in.Filters = []types.PatchOrchestratorFilter{{Key: aws.String("State"), Values: states}}
	}
	if token != "" {
		in.NextToken = &token
	}
	out, err := s.client.DescribeInstancePatches(ctx, in)
	switch awserr.Code(err) {
	case "InvalidNextToken":
		return nil, "", fmt.Errorf("list the patches of %s: %w: %w", id, report.ErrToken, err)
	case "InvalidInstanceId":
		return nil, "", fmt.Errorf("list the patches of %s: %w: %w", id, run.ErrUnmanaged, err)
	}
	if err != nil {
		return nil, "", fmt.Errorf("list the patches of %s: %w", id, awserr.Mark(err))
	}
	for _, p := range out.Patches {
		page = append(page, patchOf(p))
	}
	return page, aws.ToString(out.NextToken), nil
}

func patchOf(p types.PatchComplianceData) report.Patch {
	return report.Patch{
		KB:             aws.ToString(p.KBId),
		Title:          aws.ToString(p.Title),
		Classification: aws.ToString(p.Classification),
		Severity:       aws.ToString(p.Severity),
		State:          string(p.State),
		Installed:      known(p.InstalledTime),
		CVEs:           aws.ToString(p.CVEIds),
	}
}

// known is a time in UTC. Systems Manager writes 1970, or the year 1, for one that there is not.
func known(t *time.Time) time.Time {
	if t == nil || t.Unix() <= 0 {
		return time.Time{}
	}
	return t.UTC()
}
