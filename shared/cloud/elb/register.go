package elb

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"quickstep/shared/cloud/awserr"
	"quickstep/shared/run"
)

// Deregister takes targets out of a target group. Taking out one that isn't in it succeeds, so it
// is safe to repeat. The error wraps run.ErrNoGroup if the group no longer exists.
//
// Id and port say which target is meant. AWS takes the same structure here as for registering, and says
// of it that QUIC groups require the server id: so it is sent here too.
func (g TargetGroups) Deregister(ctx context.Context, groupARN string, targets []run.Description) error {
	if len(targets) == 0 {
		return nil
	}
	_, err := g.client.DeregisterTargets(ctx, &api.DeregisterTargetsInput{
		TargetGroupArn: &groupARN, Targets: descriptions(targets)})
	return failed(fmt.Sprintf("deregister %v from", targets), groupARN, err)
}

// Register puts targets into a target group. Putting in one that is in it succeeds, so it is safe
// to repeat. The error wraps run.ErrGone if an instance no longer exists or is in a state that
// can't be registered, and run.ErrNoGroup if the group no longer exists.
func (g TargetGroups) Register(ctx context.Context, groupARN string, targets []run.Description) error {
	if len(targets) == 0 {
		return nil
	}
	_, err := g.client.RegisterTargets(ctx, &api.RegisterTargetsInput{
		TargetGroupArn: &groupARN, Targets: descriptions(targets)})
	return failed(fmt.Sprintf("register %v in", targets), groupARN, err)
}

func descriptions(targets []run.Description) []types.TargetDescription {
	all := make([]types.TargetDescription, 0, len(targets))
	for _, t := range targets {
		d := types.TargetDescription{Id: aws.String(t.ID)}
		if t.Port != 0 { // a function has none
			d.Port = aws.Int32(int32(t.Port))
		}
		if t.QUICServerID != "" {
			d.QuicServerId = aws.String(t.QUICServerID)
		}
		all = append(all, d)
	}
	return all
}

// failed says what was being done to which target group, and which of the expected answers it was.
func failed(verb, groupARN string, err error) error {
	if err == nil {
		return nil
	}
	what := verb + " " + run.ShortARN(groupARN)
	switch awserr.Code(err) {
	case "TargetGroupNotFound":
		return fmt.Errorf("%s: %w: %w", what, run.ErrNoGroup, err)
	case "InvalidTarget":
		return fmt.Errorf("%s: %w: %w", what, run.ErrGone, err)
	}
	return fmt.Errorf("%s: %w", what, awserr.Mark(err))
}
