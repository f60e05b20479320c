package emulator

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Fire lets the schedule of a function fire once at a time, to the second, with what its input says then. EventBridge
// Scheduler puts the schedule's ARN and that time into the input; the emulator doesn't, so it is done here.
func (s *Stack) Fire(ctx context.Context, event string, at time.Time) (input string, err error) {
	name, err := s.schedule(ctx, event)
	if err != nil {
		return "", err
	}
	var schedule map[string]any
	if err := s.scheduler(ctx, http.MethodGet, "/schedules/"+name, nil, &schedule); err != nil {
		return "", err
	}
	target, _ := schedule["Target"].(map[string]any)
	arn, _ := schedule["Arn"].(string)
	input, _ = target["Input"].(string)
	if !strings.Contains(input, "<aws.scheduler.scheduled-time>") || schedule["State"] != "ENABLED" {
		return "", fmt.Errorf("schedule %s is %v, and its input is %s", name, schedule["State"], input)
	}
	input = strings.NewReplacer("<aws.scheduler.schedule-arn>", arn, "<aws.scheduler.scheduled-time>", at.UTC().Format(time.RFC3339)).Replace(input)
	target["Input"] = input
	schedule["ScheduleExpression"] = at.UTC().Format("at(2006-01-02T15:04:05)")
	for _, readOnly := range []string{"Arn", "Name", "CreationDate", "LastModificationDate"} {
		delete(schedule, readOnly)
	}
	return input, s.scheduler(ctx, http.MethodPut, "/schedules/"+name, schedule, nil)
}

// schedule is the name of the schedule whose event in the template is called like that.
func (s *Stack) schedule(ctx context.Context, event string) (string, error) {
	var list struct{ Schedules []struct{ Name string } }
	if err := s.scheduler(ctx, http.MethodGet, "/schedules", nil, &list); err != nil {
		return "", err
	}
	for _, one := range list.Schedules {
		if strings.HasPrefix(one.Name, StackName+"-"+event+"-") {
			return one.Name, nil
		}
	}
	return "", fmt.Errorf("no schedule %s was deployed, only %v", event, list.Schedules)
}

// scheduler makes a call of EventBridge Scheduler: REST and JSON, signed. The project has no other use for a client of it.
func (s *Stack) scheduler(ctx context.Context, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, *s.Config.BaseEndpoint+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	credentials, err := s.Config.Credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, credentials, r, hex.EncodeToString(sum[:]), "scheduler", Region, time.Now()); err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: status %d, %s", method, path, answer.StatusCode, said)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(said, out)
}
