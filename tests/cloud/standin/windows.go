package standin

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"quickstep/shared/report"
)

// windowRequest is what the calls about maintenance windows ask with.
type windowRequest struct {
	Window string `json:"WindowId"`
	Task   string `json:"WindowTaskId"`
	Token  string `json:"NextToken"`
	// Filters are those of executions.
	Filters []struct {
		Key    string
		Values []string
	}
}

// ofWindow is a call about a window that exists.
func (s *Server) ofWindow(call func(context.Context, windowRequest) (any, error)) func(context.Context, []byte) (any, error) {
	return func(ctx context.Context, body []byte) (any, error) {
		var in windowRequest
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, refuse("SerializationException", "%v", err)
		}
		all, err := s.world.SSM().Windows(ctx)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(all, func(w report.Window) bool { return w.ID == in.Window }) {
			return nil, refuse("DoesNotExistException", "there is no maintenance window %s", in.Window)
		}
		return call(ctx, in)
	}
}

func (s *Server) describeWindows(ctx context.Context, body []byte) (any, error) {
	var in windowRequest
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, refuse("SerializationException", "%v", err)
	}
	all, err := s.world.SSM().Windows(ctx)
	if err != nil {
		return nil, err
	}
	return listed("WindowIdentities", all, in.Token, func(_ int, w report.Window) object {
		one := object{"WindowId": w.ID, "Name": w.Name, "Enabled": w.Enabled, "Duration": w.Hours, "Cutoff": 0, "NextExecutionTime": w.Next}
		if w.Zone != "" {
			one["ScheduleTimezone"] = w.Zone
		}
		return one
	})
}

func (s *Server) describeWindowTargets(ctx context.Context, in windowRequest) (any, error) {
	all, err := s.world.SSM().Targets(ctx, in.Window)
	if err != nil {
		return nil, err
	}
	return listed("Targets", all, in.Token, func(_ int, r report.Registered) object {
		return object{"WindowId": in.Window, "WindowTargetId": r.ID, "Targets": targets(r.Targets)}
	})
}

// every reads what all tasks give their documents.
func every(string) bool { return true }

func (s *Server) describeWindowTasks(ctx context.Context, in windowRequest) (any, error) {
	all, err := s.world.SSM().Tasks(ctx, in.Window, every)
	if err != nil {
		return nil, err
	}
	return listed("Tasks", all, in.Token, func(_ int, t report.Task) object {
		one := object{
			"WindowId": in.Window, "WindowTaskId": t.ID, "TaskArn": t.Document, "Type": t.Type,
			"Targets": targets(t.Targets),
		}
		for name, value := range map[string]string{
			"Name": t.Name, "MaxConcurrency": t.MaxConcurrency, "MaxErrors": t.MaxErrors,
		} {
			if value != "" {
				one[name] = value
			}
		}
		return one
	})
}

func (s *Server) getWindowTask(ctx context.Context, in windowRequest) (any, error) {
	all, err := s.world.SSM().Tasks(ctx, in.Window, every)
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		if t.ID != in.Task {
			continue
		}
		kind := "RunCommand"
		if t.Type == report.Automation {
			kind = "Automation"
		}
		return object{"WindowId": in.Window, "WindowTaskId": in.Task, "TaskArn": t.Document, "TaskType": t.Type,
			"TaskInvocationParameters": object{kind: object{"Parameters": parameters(t)}}}, nil
	}
	return nil, refuse("DoesNotExistException", "there is no task %s", in.Task)
}

// parameters are what a task gives its document, its operation included.
func parameters(t report.Task) map[string][]string {
	all := map[string][]string{}
	maps.Copy(all, t.Parameters)
	switch {
	case t.Operation == "":
	case t.Document == "AWS-InstallWindowsUpdates":
		all["Action"] = []string{t.Operation}
	default:
		all["Operation"] = []string{t.Operation}
	}
	return all
}

// describeExecutions takes both filters, as the product gives them.
func (s *Server) describeExecutions(ctx context.Context, in windowRequest) (any, error) {
	bounds := map[string]time.Time{}
	for _, f := range in.Filters {
		at, err := time.Parse(time.RFC3339, strings.Join(f.Values, ""))
		if err != nil || (f.Key != "ExecutedAfter" && f.Key != "ExecutedBefore") {
			return nil, refuse("ValidationException", "there is no filter %s %q", f.Key, f.Values)
		}
		bounds[f.Key] = at
	}
	all, err := s.world.SSM().Executions(ctx, in.Window, bounds["ExecutedAfter"], bounds["ExecutedBefore"])
	if err != nil {
		return nil, err
	}
	return listed("WindowExecutions", all, in.Token, func(_ int, e report.Execution) object {
		one := object{"WindowId": in.Window, "WindowExecutionId": e.ID, "Status": e.Status,
			"StartTime": float64(e.Started.UnixMilli()) / 1000}
		if !e.Ended.IsZero() {
			one["EndTime"] = float64(e.Ended.UnixMilli()) / 1000
		}
		if e.Details != "" {
			one["StatusDetails"] = e.Details
		}
		return one
	})
}

func (s *Server) describeExecutionTasks(ctx context.Context, body []byte) (any, error) {
	var in struct {
		Execution string `json:"WindowExecutionId"`
		Token     string `json:"NextToken"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, refuse("SerializationException", "%v", err)
	}
	all, err := s.world.SSM().ExecutionTasks(ctx, in.Execution)
	if err != nil {
		return nil, err
	}
	return listed("WindowExecutionTaskIdentities", all, in.Token, func(_ int, t report.TaskExecution) object {
		one := object{"WindowExecutionId": in.Execution, "TaskArn": t.Document, "TaskType": "RUN_COMMAND",
			"Status": t.Status}
		if t.Details != "" {
			one["StatusDetails"] = t.Details
		}
		return one
	})
}

func targets(all []report.Target) []object {
	list := []object{}
	for _, t := range all {
		list = append(list, object{"Key": t.Key, "Values": t.Values})
	}
	return list
}

// listed is one page of a list under its name.
func listed[T any](name string, all []T, token string, show func(n int, one T) object) (any, error) {
	some, next, err := paged(all, token)
	if err != nil {
		return nil, err
	}
	first, list := len(all)-len(some), []object{}
	if next != "" {
		_, _ = fmt.Sscan(next, &first) // a number of ours
		first -= len(some)
	}
	for n, one := range some {
		list = append(list, show(first+n, one))
	}
	out := object{name: list}
	if next != "" {
		out["NextToken"] = next
	}
	return out, nil
}
