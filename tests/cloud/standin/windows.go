package standin

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"quickstep/shared/report"
)

// windowRequest is what the calls about maintenance windows ask with.
type windowRequest struct {
	Window string `json:"WindowId"`
	Task   string `json:"WindowTaskId"`
	Token  string `json:"NextToken"`
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

func (s *Server) describeWindowTasks(ctx context.Context, in windowRequest) (any, error) {
	all, err := s.world.SSM().Tasks(ctx, in.Window)
	if err != nil {
		return nil, err
	}
	return listed("Tasks", all, in.Token, func(n int, t report.Task) object {
		return object{"WindowId": in.Window, "WindowTaskId": taskID(n), "TaskArn": t.Document, "Type": "RUN_COMMAND", "Targets": targets(t.Targets)}
	})
}

// taskID is the id of a window's nth task.
func taskID(n int) string { return fmt.Sprintf("%08d-0000-4000-8000-000000000000", n) }

func (s *Server) getWindowTask(ctx context.Context, in windowRequest) (any, error) {
	all, err := s.world.SSM().Tasks(ctx, in.Window)
	if err != nil {
		return nil, err
	}
	for n, t := range all {
		if taskID(n) != in.Task {
			continue
		}
		parameters := object{}
		switch {
		case t.Operation == "":
		case t.Document == "AWS-InstallWindowsUpdates":
			parameters["Action"] = []string{t.Operation}
		default:
			parameters["Operation"] = []string{t.Operation}
		}
		return object{"WindowId": in.Window, "WindowTaskId": in.Task, "TaskArn": t.Document, "TaskType": "RUN_COMMAND",
			"TaskInvocationParameters": object{"RunCommand": object{"Parameters": parameters}}}, nil
	}
	return nil, refuse("DoesNotExistException", "there is no task %s", in.Task)
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
