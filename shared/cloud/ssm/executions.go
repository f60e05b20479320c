package ssm

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"quickstep/shared/cloud/awserr"
	"quickstep/shared/report"
)

// Executions lists a window's executions that began from one time to another, without their tasks;
// none if there is no such window.
func (s SystemsManager) Executions(
	ctx context.Context, window string, from, to time.Time,
) (all []report.Execution, err error) {
	filter := func(key string, at time.Time) types.MaintenanceWindowFilter {
		value := at.UTC().Format("2006-01-02T15:04:05Z")
		return types.MaintenanceWindowFilter{Key: &key, Values: []string{value}}
	}
	in := &api.DescribeMaintenanceWindowExecutionsInput{
		WindowId:   &window,
		MaxResults: aws.Int32(windowPage),
		Filters: []types.MaintenanceWindowFilter{
			filter("ExecutedAfter", from), filter("ExecutedBefore", to),
		},
	}
	err = pages(func(token *string) (*string, error) {
		in.NextToken = token
		page, err := s.client.DescribeMaintenanceWindowExecutions(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, e := range page.WindowExecutions {
			all = append(all, report.Execution{
				ID:      aws.ToString(e.WindowExecutionId),
				Status:  string(e.Status),
				Details: aws.ToString(e.StatusDetails),
				Started: aws.ToTime(e.StartTime).UTC(),
				Ended:   aws.ToTime(e.EndTime).UTC(),
			})
		}
		return page.NextToken, nil
	})
	switch {
	case gone(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("list the executions of maintenance window %s: %w",
			window, awserr.Mark(err))
	}
	return all, nil
}

// ExecutionTasks lists the tasks that an execution began; none if there is no such execution.
func (s SystemsManager) ExecutionTasks(
	ctx context.Context, execution string,
) (all []report.TaskExecution, err error) {
	err = pages(func(token *string) (*string, error) {
		page, err := s.client.DescribeMaintenanceWindowExecutionTasks(ctx,
			&api.DescribeMaintenanceWindowExecutionTasksInput{
				WindowExecutionId: &execution, MaxResults: aws.Int32(windowPage), NextToken: token,
			})
		if err != nil {
			return nil, err
		}
		for _, t := range page.WindowExecutionTaskIdentities {
			all = append(all, report.TaskExecution{
				Document: ran(t.TaskType, aws.ToString(t.TaskArn)),
				Status:   string(t.Status),
				Details:  aws.ToString(t.StatusDetails),
			})
		}
		return page.NextToken, nil
	})
	switch {
	case gone(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("list the tasks of execution %s: %w", execution, awserr.Mark(err))
	}
	return all, nil
}
