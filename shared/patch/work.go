package patch

import (
	"context"
	"fmt"
	"log/slog"

	"quickstep/shared/report"
	"quickstep/shared/transient"
)

// mayInstall says that it matters what a task gives a document: it may be told only to scan.
func (s Survey) mayInstall(document string) bool {
	return report.MayInstall(document, s.Settings.Documents)
}

// every lets all tasks be read.
func every(string) bool { return true }

// work is what the window of a report does. Of a second report that has a first, which knows the
// instances, it is said what couldn't be read.
func (s Survey) work(ctx context.Context, w *reportWork, hasFirst bool) (report.Work, error) {
	r := w.Item
	if r.Window == nil {
		return report.Work{}, nil
	}
	work, err := s.windowWork(ctx, r)
	if err != nil && hasFirst && (!transient.Is(err) || keepsFailing(w)) {
		unread := "what the window's tasks do couldn't be read: " + err.Error()
		return report.Work{Remarks: []string{unread}}, nil
	}
	return work, err
}

func (s Survey) windowWork(ctx context.Context, r *report.Report) (work report.Work, err error) {
	tasks, err := s.Windows.Tasks(ctx, r.Window.ID, every)
	if err != nil {
		return work, fmt.Errorf("list the tasks of window %s: %w", r.Window.ID, err)
	}
	registered, err := s.Windows.Targets(ctx, r.Window.ID)
	if err != nil {
		return work, fmt.Errorf("list the targets of window %s: %w", r.Window.ID, err)
	}
	return report.WorkOf(tasks, registered, s.Settings.Documents, r.Named), nil
}

// execution is what Systems Manager says of the opening of a second report. The report is worth
// sending without it, and says so.
func (s Survey) execution(
	ctx context.Context, w *reportWork,
) (e *report.Execution, remark string, err error) {
	r := w.Item
	if r.Phase != report.After {
		return nil, "", nil
	}
	e, err = s.readExecution(ctx, r.Window)
	if err != nil && (!transient.Is(err) || keepsFailing(w)) {
		slog.Warn("execution not read", "report", r.ID, "reason", err.Error())
		return nil, "what became of the window's execution couldn't be read: " + err.Error(), nil
	}
	return e, "", err
}

func (s Survey) readExecution(ctx context.Context, o *report.Opening) (*report.Execution, error) {
	from, to := o.Span()
	all, err := s.Executions.Executions(ctx, o.ID, from, to)
	if err != nil {
		return nil, fmt.Errorf("list the executions of window %s: %w", o.ID, err)
	}
	e := o.ExecutionOf(all)
	if e.ID != "" {
		if e.Tasks, err = s.Executions.ExecutionTasks(ctx, e.ID); err != nil {
			return nil, fmt.Errorf("list the tasks of the execution %s: %w", e.ID, err)
		}
	}
	return e.Cut(), nil
}
