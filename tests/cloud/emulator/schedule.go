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

// Schedule is one of EventBridge Scheduler.
type Schedule struct {
	Arn, State, ScheduleExpression, ScheduleExpressionTimezone string
	Target                                                     struct{ Arn, RoleArn, Input string }
}

// Firing is when a schedule can fire that is changed now: the emulator looks every ten seconds, and has to have
// seen it before.
func Firing(now time.Time) time.Time {
	return now.Add(20*time.Second + time.Minute - time.Nanosecond).Truncate(time.Minute)
}

// Fire lets a schedule fire once, at a full minute, with what its input says then. EventBridge Scheduler puts the
// schedule's ARN and that time into the input; the emulator doesn't, so it is done here.
func (s *Stack) Fire(ctx context.Context, name string, at time.Time) (input string, err error) {
	one, err := s.Scheduled(ctx, name)
	if err != nil {
		return "", err
	}
	if !strings.Contains(one.Target.Input, "<aws.scheduler.scheduled-time>") || one.State != "ENABLED" {
		return "", fmt.Errorf("schedule %s is %s, and its input is %s", name, one.State, one.Target.Input)
	}
	var schedule map[string]any
	if err := s.scheduler(ctx, http.MethodGet, "/schedules/"+name, nil, &schedule); err != nil {
		return "", err
	}
	input = strings.NewReplacer(
		"<aws.scheduler.schedule-arn>",
		one.Arn,
		"<aws.scheduler.scheduled-time>",
		at.UTC().Format(time.RFC3339),
	).
		Replace(
			one.Target.Input,
		)
	schedule["Target"].(map[string]any)["Input"] = input
	schedule["ScheduleExpression"] = at.UTC().Format("cron(4 15 2 1 ? 2006)")
	schedule["ScheduleExpressionTimezone"] = "UTC"
	for _, readOnly := range []string{"Arn", "Name", "CreationDate", "LastModificationDate"} {
		delete(schedule, readOnly)
	}
	return input, s.scheduler(ctx, http.MethodPut, "/schedules/"+name, schedule, nil)
}

// Scheduled reads a schedule.
func (s *Stack) Scheduled(ctx context.Context, name string) (*Schedule, error) {
	one := &Schedule{}
	return one, s.scheduler(ctx, http.MethodGet, "/schedules/"+name, nil, one)
}

// Schedules are the names of all schedules.
func (s *Stack) Schedules(ctx context.Context) (names []string, err error) {
	var list struct{ Schedules []struct{ Name string } }
	if err := s.scheduler(ctx, http.MethodGet, "/schedules", nil, &list); err != nil {
		return nil, err
	}
	for _, one := range list.Schedules {
		names = append(names, one.Name)
	}
	return names, nil
}

// OwnSchedule is the name of the schedule whose event in the template is called like that.
func (s *Stack) OwnSchedule(ctx context.Context, event string) (string, error) {
	names, err := s.Schedules(ctx)
	if err != nil {
		return "", err
	}
	for _, name := range names {
		if strings.HasPrefix(name, StackName+"-"+event+"-") {
			return name, nil
		}
	}
	return "", fmt.Errorf("no schedule %s was deployed, only %v", event, names)
}

// scheduler makes a call of EventBridge Scheduler: REST and JSON, signed. The project has no other use for a client
// of it.
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
