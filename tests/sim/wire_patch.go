package sim

import (
	"quickstep/shared/patch"
	"quickstep/shared/report"
	"quickstep/shared/rolling"
)

// patches gives the functions of the patch report their code.
func (x wiring) patches() {
	x.survey()
	x.world.Handle("scan", patch.Scanner{Deps: x.deps("scan"), Patches: x.world.SSM()}.Handler())
	x.report()
}

func (x wiring) survey() {
	var v struct {
		Common   common
		Settings report.Settings
	}
	x.parse("survey", &v)
	w := x.world
	w.Handle("survey", patch.Survey{
		Deps:       x.deps("survey"),
		Windows:    w.SSM(),
		Executions: w.SSM(),
		Managed:    w.SSM(),
		EC2:        w.EC2(),
		Groups:     w.ResourceGroups(),
		Reboots:    rolling.Reboots{Store: x.deps("survey").Ledger},
		AlarmTopic: x.topic(v.Common.Alarm),
		Settings:   v.Settings,
	}.Handler())
}

func (x wiring) report() {
	var v struct {
		Common common
		Bucket string `env:"BUCKET"`
		Prefix string `env:"BUCKET_PREFIX"`
	}
	x.parse("report", &v)
	reporter := patch.Reporter{
		Deps:         x.deps("report"),
		ReportTopic:  x.topic(v.Common.Report),
		AlarmTopic:   x.topic(v.Common.Alarm),
		Baselines:    x.world.SSM(),
		BucketName:   v.Bucket,
		BucketPrefix: v.Prefix,
		Stack:        v.Common.Stack,
	}
	if v.Bucket != "" {
		reporter.Bucket = x.world.Bucket(v.Bucket)
	}
	x.world.Handle("report", reporter.Handler())
}
