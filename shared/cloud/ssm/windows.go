package ssm

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"quickstep/shared/cloud/awserr"
	"quickstep/shared/report"
)

// windowPage is the most windows, tasks or targets that Systems Manager lists at once.
const windowPage = 100

// operations are the parameters that tell a document to install, or to scan only.
var operations = []string{"Operation", "Action"}

// Windows lists all maintenance windows of the Region, disabled ones too, sorted by id.
func (s SystemsManager) Windows(ctx context.Context) ([]report.Window, error) {
	var windows []report.Window
	err := pages(func(token *string) (*string, error) {
		page, err := s.client.DescribeMaintenanceWindows(ctx, &api.DescribeMaintenanceWindowsInput{
			MaxResults: aws.Int32(windowPage), NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		for _, w := range page.WindowIdentities {
			windows = append(windows, window(w))
		}
		return page.NextToken, nil
	})
	if err != nil {
		return nil, fmt.Errorf("list maintenance windows: %w", awserr.Mark(err))
	}
	slices.SortFunc(windows, func(a, b report.Window) int { return cmp.Compare(a.ID, b.ID) })
	return windows, nil
}

func window(w types.MaintenanceWindowIdentity) report.Window {
	return report.Window{
		ID:      aws.ToString(w.WindowId),
		Name:    aws.ToString(w.Name),
		Enabled: w.Enabled,
		Next:    aws.ToString(w.NextExecutionTime),
		Zone:    aws.ToString(w.ScheduleTimezone),
		Hours:   int(aws.ToInt32(w.Duration)),
	}
}

// Targets lists the targets that are registered with a window, sorted by id; none if there is no such window.
func (s SystemsManager) Targets(ctx context.Context, window string) ([]report.Registered, error) {
	var all []report.Registered
	err := pages(func(token *string) (*string, error) {
		page, err := s.client.DescribeMaintenanceWindowTargets(ctx, &api.DescribeMaintenanceWindowTargetsInput{
			WindowId: &window, MaxResults: aws.Int32(windowPage), NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		for _, t := range page.Targets {
			all = append(all, report.Registered{ID: aws.ToString(t.WindowTargetId), Targets: targets(t.Targets)})
		}
		return page.NextToken, nil
	})
	switch {
	case gone(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("list the targets of maintenance window %s: %w", window, awserr.Mark(err))
	}
	slices.SortFunc(all, func(a, b report.Registered) int { return cmp.Compare(a.ID, b.ID) })
	return all, nil
}

// Tasks lists the tasks of a window, in the order of their own IDs; none if there is no such window.
// What they give their documents is read of those alone that read chooses: one call more for each.
func (s SystemsManager) Tasks(
	ctx context.Context, window string, read func(document string) bool,
) ([]report.Task, error) {
	tasks, err := s.tasks(ctx, window, read)
	switch {
	case gone(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("list the tasks of maintenance window %s: %w", window, awserr.Mark(err))
	}
	return tasks, nil
}

func (s SystemsManager) tasks(
	ctx context.Context, window string, read func(document string) bool,
) ([]report.Task, error) {
	listed, err := s.listed(ctx, window)
	if err != nil {
		return nil, err
	}
	var tasks []report.Task
	for _, t := range listed {
		task := taskOf(t)
		if documented(t.Type) && read(task.Document) {
			err = s.readParameters(ctx, window, &task)
		}
		switch {
		case gone(err): // deleted since it was listed
			err = nil
		case err != nil:
			return nil, err
		default:
			tasks = append(tasks, task)
		}
	}
	return tasks, nil
}

func taskOf(t types.MaintenanceWindowTask) report.Task {
	return report.Task{
		ID:             aws.ToString(t.WindowTaskId),
		Name:           aws.ToString(t.Name),
		Type:           string(t.Type),
		Document:       ran(t.Type, aws.ToString(t.TaskArn)),
		MaxConcurrency: aws.ToString(t.MaxConcurrency),
		MaxErrors:      aws.ToString(t.MaxErrors),
		Targets:        targets(t.Targets),
	}
}

// documented says that tasks of a type run documents.
func documented(t types.MaintenanceWindowTaskType) bool {
	return t == types.MaintenanceWindowTaskTypeRunCommand || t == types.MaintenanceWindowTaskTypeAutomation
}

// ran is what a task runs: a document by its name, all else as Systems Manager writes it.
func ran(t types.MaintenanceWindowTaskType, arn string) string {
	if documented(t) {
		return document(arn)
	}
	return arn
}

// listed are a window's tasks, sorted by ID.
func (s SystemsManager) listed(ctx context.Context, window string) ([]types.MaintenanceWindowTask, error) {
	var tasks []types.MaintenanceWindowTask
	err := pages(func(token *string) (*string, error) {
		page, err := s.client.DescribeMaintenanceWindowTasks(ctx, &api.DescribeMaintenanceWindowTasksInput{
			WindowId: &window, MaxResults: aws.Int32(windowPage), NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		tasks = append(tasks, page.Tasks...)
		return page.NextToken, nil
	})
	slices.SortFunc(tasks, func(a, b types.MaintenanceWindowTask) int {
		return cmp.Compare(aws.ToString(a.WindowTaskId), aws.ToString(b.WindowTaskId))
	})
	return tasks, err
}

// readParameters reads what a task gives its document.
func (s SystemsManager) readParameters(ctx context.Context, window string, task *report.Task) error {
	in := &api.GetMaintenanceWindowTaskInput{WindowId: &window, WindowTaskId: &task.ID}
	out, err := s.client.GetMaintenanceWindowTask(ctx, in)
	if err != nil {
		return err
	}
	task.Parameters = map[string][]string{}
	for name, given := range out.TaskParameters { // how tasks were registered before 2017
		task.Parameters[name] = given.Values
	}
	if in := out.TaskInvocationParameters; in != nil && in.RunCommand != nil {
		maps.Copy(task.Parameters, in.RunCommand.Parameters)
	} else if in != nil && in.Automation != nil {
		maps.Copy(task.Parameters, in.Automation.Parameters)
	}
	for _, name := range operations {
		if values := task.Parameters[name]; len(values) > 0 && task.Operation == "" {
			task.Operation = values[0]
		}
	}
	return nil
}

// document is the name of a document: in an ARN what follows the slash, without the version.
func document(arn string) string {
	name, _, _ := strings.Cut(arn[strings.LastIndex(arn, "/")+1:], ":")
	return name
}

func targets(list []types.Target) (all []report.Target) {
	for _, t := range list {
		all = append(all, report.Target{Key: aws.ToString(t.Key), Values: t.Values})
	}
	return all
}

// gone says that there is no such window or task.
func gone(err error) bool { return awserr.Code(err) == "DoesNotExistException" }

// pages calls with the token of one page after the other. An empty page isn't always the last.
func pages(call func(token *string) (next *string, err error)) error {
	next, err := call(nil)
	for err == nil && aws.ToString(next) != "" {
		next, err = call(next)
	}
	return err
}
