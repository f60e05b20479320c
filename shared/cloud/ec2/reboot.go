package ec2

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"quickstep/shared/cloud/awserr"
	"quickstep/shared/run"
)

// Reboot asks EC2 to reboot an instance. EC2 only notes the request: no error isn't proof that it reboots.
//
// It makes one attempt and no more, so that whoever counts calls counts reboots. A throttle is
// marked as refused; after a lost reply the reboot may happen. The error wraps run.ErrGone if there
// is no such instance or it isn't running.
func (i Instances) Reboot(ctx context.Context, id string) error {
	once := func(o *api.Options) { o.Retryer = aws.NopRetryer{} }
	_, err := i.client.RebootInstances(ctx, &api.RebootInstancesInput{InstanceIds: []string{id}}, once)
	return failed("reboot "+id, err)
}

// Status reads the results of an instance's status checks. For a while after a reboot was asked for
// they still show the old boot's. One that EC2 doesn't list yet has none. The error wraps
// run.ErrGone if there is no such instance.
func (i Instances) Status(ctx context.Context, id string) (run.StatusChecks, error) {
	out, err := i.client.DescribeInstanceStatus(ctx, &api.DescribeInstanceStatusInput{
		InstanceIds:         []string{id},
		IncludeAllInstances: aws.Bool(true), // else one that isn't running would have no status and no reason
	})
	if err != nil {
		return run.StatusChecks{}, failed("read the status of "+id, err)
	}
	for _, s := range out.InstanceStatuses {
		if aws.ToString(s.InstanceId) == id {
			return checks(s), nil
		}
	}
	return run.StatusChecks{State: string(types.InstanceStateNameRunning)}, nil
}

func checks(s types.InstanceStatus) run.StatusChecks {
	c := run.StatusChecks{State: string(types.InstanceStateNameRunning)}
	if s.InstanceState != nil {
		c.State = string(s.InstanceState.Name)
	}
	if s.SystemStatus != nil {
		c.System = string(s.SystemStatus.Status)
	}
	if s.InstanceStatus != nil {
		c.Instance = string(s.InstanceStatus.Status)
	}
	if s.AttachedEbsStatus != nil {
		c.EBS = string(s.AttachedEbsStatus.Status)
	}
	if s.ApplicationStatus != nil {
		c.Application = string(s.ApplicationStatus.Status)
	}
	return c
}

// failed says what was being done, and whether it is the instance that isn't there or not in a state for it.
func failed(what string, err error) error {
	if err == nil {
		return nil
	}
	switch code := awserr.Code(err); {
	case strings.HasPrefix(code, "InvalidInstanceID"), code == "IncorrectInstanceState", code == "IncorrectState":
		return fmt.Errorf("%s: %w: %w", what, run.ErrGone, err)
	}
	return fmt.Errorf("%s: %w", what, awserr.Mark(err))
}
