package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/patch"
)

// patches gives the functions of the patch report their code.
func (x wiring) patches() {
	w, table := x.world, x.world.Table()
	survey := patch.Survey{Ledger: table, Queues: w.Queues("survey"), Windows: w.SSM(), Managed: w.SSM(), EC2: w.EC2(), Groups: w.ResourceGroups(),
		AlarmTopic: x.topic("survey", "ALARM_TOPIC"), Now: x.now,
		Settings: patch.Settings{WindowIDs: x.list("PATCH_WINDOW_IDS"), WindowPrefix: x.env("survey", "PATCH_WINDOW_PREFIX"), States: x.list("PATCH_STATES"),
			Lead: x.duration("PATCH_LEAD"), StaleAfter: x.duration("PATCH_STALE_AFTER"), Deadline: x.duration("PATCH_DEADLINE"), After: x.env("survey", "PATCH_AFTER") == "true"}}
	w.Handle("survey", choreo.SQSOrDirectHandler(survey.Mover(x.line("survey")), func(ctx context.Context, request json.RawMessage) (any, error) {
		return survey.Request(ctx, choreo.Invocation(ctx), request)
	}))
	w.Handle("scan", messages(patch.Scanner{Ledger: table, Patches: w.SSM(), Now: x.now}.Mover(x.line("scan"))))
	report := patch.Reporter{Ledger: table, Queues: w.Queues("report"), ReportTopic: x.topic("report", "REPORT_TOPIC"), AlarmTopic: x.topic("report", "ALARM_TOPIC"),
		BucketName: x.env("report", "BUCKET"), BucketPrefix: x.env("report", "BUCKET_PREFIX"), Stack: x.env("report", "STACK"), Now: x.now}
	if report.BucketName != "" {
		report.Bucket = w.Bucket(report.BucketName)
	}
	w.Handle("report", messages(report.Mover(x.line("report"))))
}

func (x wiring) list(variable string) []string {
	return strings.FieldsFunc(x.env("survey", variable), func(r rune) bool { return r == ',' })
}

func (x wiring) duration(variable string) time.Duration {
	d, err := time.ParseDuration(x.env("survey", variable))
	if err != nil {
		panic(fmt.Sprintf("sim: %s: %v", variable, err))
	}
	return d
}
