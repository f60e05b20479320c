package alarms

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"quickstep/shared/cloud/awserr"
	"quickstep/shared/run"
)

// at is the form of a mute rule's one-time schedule, exact to the minute.
const at = "at(2006-01-02T15:04)"

// Mute puts a mute rule, replacing one of the same name. CloudWatch knows minutes only: both the
// rule's beginning and its length are rounded up. MuteActive tells when it works.
func (c CloudWatch) Mute(ctx context.Context, r run.MuteRule) error {
	_, err := c.client.PutAlarmMuteRule(ctx, &api.PutAlarmMuteRuleInput{
		Name:        &r.Name,
		MuteTargets: &types.MuteTargets{AlarmNames: r.Alarms},
		Rule: &types.Rule{Schedule: &types.Schedule{
			Expression: aws.String(roundUp(r.From).Format(at)),
			Timezone:   aws.String("UTC"),
			Duration:   aws.String(iso8601(r.For)),
		}},
	})
	if err != nil {
		return fmt.Errorf("put mute rule %s: %w", r.Name, awserr.Mark(err))
	}
	return nil
}

// MuteActive says whether a mute rule is at work now: it exists, has begun and hasn't ended.
func (c CloudWatch) MuteActive(ctx context.Context, name string) (bool, error) {
	out, err := c.client.GetAlarmMuteRule(ctx, &api.GetAlarmMuteRuleInput{AlarmMuteRuleName: &name})
	if missing(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read mute rule %s: %w", name, awserr.Mark(err))
	}
	return out.Status == types.AlarmMuteRuleStatusActive, nil
}

// Unmute deletes a mute rule, if there is one. Those of its alarms that are in ALARM act at once.
func (c CloudWatch) Unmute(ctx context.Context, name string) error {
	_, err := c.client.DeleteAlarmMuteRule(ctx, &api.DeleteAlarmMuteRuleInput{AlarmMuteRuleName: &name})
	if err != nil && !missing(err) {
		return fmt.Errorf("delete mute rule %s: %w", name, awserr.Mark(err))
	}
	return nil
}

// missing knows both names that CloudWatch has for it.
func missing(err error) bool {
	code := awserr.Code(err)
	return code == "ResourceNotFoundException" || code == "ResourceNotFound"
}

func roundUp(t time.Time) time.Time {
	return t.UTC().Add(time.Minute - time.Nanosecond).Truncate(time.Minute)
}

// iso8601 writes a duration in whole days, hours and minutes, such as P1DT2H30M; CloudWatch takes PT1M to P15D.
func iso8601(d time.Duration) string {
	minutes := max(1, int64((d+time.Minute-1)/time.Minute))
	days, hours, minutes := minutes/(24*60), minutes/60%24, minutes%60
	var b strings.Builder
	b.WriteString("P")
	if days > 0 {
		fmt.Fprintf(&b, "%dD", days)
	}
	if hours > 0 || minutes > 0 {
		b.WriteString("T")
	}
	if hours > 0 {
		fmt.Fprintf(&b, "%dH", hours)
	}
	if minutes > 0 {
		fmt.Fprintf(&b, "%dM", minutes)
	}
	return b.String()
}
