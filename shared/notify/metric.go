package notify

import (
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// NotAnnounced makes a log line one from which CloudWatch takes a metric (the embedded metric
// format), for the stack's own alarm: something failed, and the alarm topic couldn't be reached to
// say so.
func NotAnnounced(now time.Time) []any {
	const metric = "FailuresNotAnnounced"
	format := map[string]any{
		"Timestamp": now.UnixMilli(),
		"CloudWatchMetrics": []any{map[string]any{
			"Namespace":  "Quickstep",
			"Dimensions": [][]string{{"FunctionName"}},
			"Metrics":    []any{map[string]string{"Name": metric, "Unit": "Count"}},
		}},
	}
	return []any{metric, 1, "FunctionName", lambdacontext.FunctionName, "_aws", format}
}
