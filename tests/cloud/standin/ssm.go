package standin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"quickstep/shared/run"
)

// ssm answers the calls of Systems Manager that reach instances. Parameters are the emulator's.
func (s *Server) ssm(ctx context.Context, operation string, body []byte) func(http.ResponseWriter) {
	calls := map[string]func(context.Context, []byte) (any, error){
		"DescribeInstanceInformation":             s.describeInstanceInformation,
		"SendCommand":                             s.sendCommand,
		"GetCommandInvocation":                    s.getCommandInvocation,
		"DescribeMaintenanceWindows":              s.describeWindows,
		"DescribeMaintenanceWindowTargets":        s.ofWindow(s.describeWindowTargets),
		"DescribeMaintenanceWindowTasks":          s.ofWindow(s.describeWindowTasks),
		"GetMaintenanceWindowTask":                s.ofWindow(s.getWindowTask),
		"DescribeMaintenanceWindowExecutions":     s.ofWindow(s.describeExecutions),
		"DescribeMaintenanceWindowExecutionTasks": s.describeExecutionTasks,
		"DescribeInstancePatchStates":             s.describePatchStates,
		"DescribeInstancePatches":                 s.describePatches,
		"DescribePatchBaselines":                  s.describeBaselines,
	}
	call, ours := calls[operation]
	if !ours {
		return nil
	}
	return func(w http.ResponseWriter) {
		status := http.StatusOK
		out, err := call(ctx, body)
		if err != nil {
			r := coded(err, "InternalServerError")
			status, out = http.StatusBadRequest, map[string]string{"__type": r.Code, "message": r.Message}
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.Header().Set("X-Amzn-Requestid", requestID)
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(out)
	}
}

type object = map[string]any

func (s *Server) sendCommand(ctx context.Context, body []byte) (any, error) {
	var in struct {
		InstanceIDs    []string `json:"InstanceIds"`
		DocumentName   string
		TimeoutSeconds int
		Parameters     struct{ Commands, ExecutionTimeout []string }
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, refuse("SerializationException", "%v", err)
	}
	windows := in.DocumentName == "AWS-RunPowerShellScript"
	switch {
	case !windows && in.DocumentName != "AWS-RunShellScript":
		return nil, refuse("InvalidDocument", "there is no document %q", in.DocumentName)
	case len(in.InstanceIDs) != 1 || len(in.Parameters.Commands) != 1 || in.TimeoutSeconds < 30:
		return nil, refuse("ValidationException", "one instance, one command and 30 seconds at least are wanted")
	}
	id, err := s.world.SSM().AskBoot(ctx, in.InstanceIDs[0], windows)
	if errors.Is(err, run.ErrUnmanaged) {
		return nil, refuse("InvalidInstanceId", "instances not in a valid state for account: %s", in.InstanceIDs[0])
	}
	if err != nil {
		return nil, err
	}
	s.commands[id] = true
	return object{"Command": object{"CommandId": id, "DocumentName": in.DocumentName, "Status": "Pending", "InstanceIds": in.InstanceIDs}}, nil
}

func (s *Server) getCommandInvocation(ctx context.Context, body []byte) (any, error) {
	var in struct {
		CommandID  string `json:"CommandId"`
		InstanceID string `json:"InstanceId"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, refuse("SerializationException", "%v", err)
	}
	if !s.commands[in.CommandID] {
		return nil, refuse("InvocationDoesNotExist", "%s on %s", in.CommandID, in.InstanceID)
	}
	boot, done, err := s.world.SSM().BootAnswer(ctx, in.InstanceID, in.CommandID)
	if err != nil {
		return nil, err
	}
	status, output := "InProgress", ""
	switch {
	case done && boot.ID != "":
		status = "Success"
		output = fmt.Sprintf("%s\n%.2f\n", boot.ID, boot.Uptime.Seconds())
	case done:
		status = "TimedOut"
	}
	return object{"CommandId": in.CommandID, "InstanceId": in.InstanceID, "Status": status,
		"StandardOutputContent": output}, nil
}
