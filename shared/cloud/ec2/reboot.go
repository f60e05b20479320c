package ec2

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"quickstep/shared/cloud/fault"
	"quickstep/shared/run"
)

// Reboot asks EC2 to reboot an instance. EC2 only notes the request: no error isn't proof that it reboots.
//
// It makes one attempt and no more, so that whoever counts calls counts reboots. A throttle is marked as refused; after a
// lost reply the reboot may happen. The error wraps run.ErrGone if there is no such instance or it isn't running.
func (i Instances) Reboot(ctx context.Context, id string) error {
	once := func(o *api.Options) { o.Retryer = aws.NopRetryer{} }
	_, err := i.client.RebootInstances(ctx, &api.RebootInstancesInput{InstanceIds: []string{id}}, once)
	return failed("reboot "+id, err)
}

// StatusOK says whether both status checks of an instance pass, that of the instance and that of the system beneath it;
// if not, why names the first that doesn't. For a while after a reboot was asked for, both still show the old boot's
// result. The error wraps run.ErrGone if there is no such instance.
func (i Instances) StatusOK(ctx context.Context, id string) (ok bool, why string, err error) {
	out, err := i.client.DescribeInstanceStatus(ctx, &api.DescribeInstanceStatusInput{
		InstanceIds:         []string{id},
		IncludeAllInstances: aws.Bool(true), // else one that isn't running would have no status and no reason
	})
	if err != nil {
		return false, "", failed("read the status of "+id, err)
	}
	for _, s := range out.InstanceStatuses {
		if aws.ToString(s.InstanceId) == id {
			why = notOK(s)
			return why == "", why, nil
		}
	}
	return false, "no instance status yet", nil
}

func notOK(s types.InstanceStatus) string {
	if s.InstanceState != nil && s.InstanceState.Name != types.InstanceStateNameRunning {
		return "instance " + string(s.InstanceState.Name)
	}
	for _, check := range []struct {
		name    string
		summary *types.InstanceStatusSummary
	}{{"instance status", s.InstanceStatus}, {"system status", s.SystemStatus}} {
		switch {
		case check.summary == nil:
			return "no " + check.name + " yet"
		case check.summary.Status != types.SummaryStatusOk:
			return check.name + " " + string(check.summary.Status)
		}
	}
	return ""
}

// failed says what was being done, and whether it is the instance that isn't there or not in a state for it.
func failed(what string, err error) error {
	if err == nil {
		return nil
	}
	switch code := fault.Code(err); {
	case strings.HasPrefix(code, "InvalidInstanceID"), code == "IncorrectInstanceState", code == "IncorrectState":
		return fmt.Errorf("%s: %w: %w", what, run.ErrGone, err)
	}
	return fmt.Errorf("%s: %w", what, fault.Mark(err))
}
