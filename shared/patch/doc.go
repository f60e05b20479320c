// Package patch holds the steps of a patch report: which instances it is about (Survey), what each
// of them lacks (Scanner), and supervising the scans, putting the report together and sending it
// (Reporter). It moves by package choreo, as a rolling reboot does; it changes nothing but its own
// ledger. What a report says is package report's, how it is written package format's.
//
//	schedule ──► survey ──► scan, scan, scan … ──► report ──► SNS, S3
//	               │           │     ▲                │
//	               │           └─────┘ next pages     │
//	               └───────────┴──────┴───────────────┴──► dead letters ──► triage: a gap in the report, or an alarm
//
// What each failure does:
//
//	bad request                        refused before anything is written (Survey.Request)
//	the instances can't be listed      people are notified once; it is tried every hour until the
//	                                   report expires
//	an instance can't be read          what passes is waited for until the deadline; then it is a gap:
//	                                   the report says so on top, and why
//	a message is lost                  the report redelivers its scans; the watchdog redelivers the report
//	the deadline passes                what isn't read by then is a gap; the report goes out
//	it can't be put together or sent   as when the instances can't be listed
//	a crash while it is being sent     the part in doubt is sent again, and says "repeated"
//	the window opens before it is out  it has expired: an alarm instead of a report
package patch

import (
	"context"
	"strings"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/shared/report"
)

// Routing tells the protocol about the steps of a report. Its own are endless: they end when it
// has expired.
var Routing = choreo.Routing{Queue: queueOf, LogAttrs: logAttrs, NeverGivesUp: isReportStep}

func isReportStep(step string) bool {
	switch step {
	case report.StepSurvey, report.StepScanning, report.StepReport, report.StepSend:
		return true
	}
	return false
}

func queueOf(step string) string {
	switch step {
	case report.StepScanning, report.StepSend:
		return "report"
	case choreo.Failing:
		return "dead"
	}
	return step
}

func logAttrs(key ledger.Key) []any {
	if key.PK == reportsPK {
		return []any{"report", key.SK}
	}
	return []any{
		"report", strings.TrimPrefix(key.PK, reportPrefix),
		"instance", strings.TrimPrefix(key.SK, scanPrefix),
	}
}

// The kinds of items of a patch report.
var (
	reportKind = choreo.Kind[*report.Report]{Routing: Routing, Owns: isReport, New: newReport,
		Key: func(r *report.Report) ledger.Key { return reportKey(r.ID) }}
	scanKind = choreo.Kind[*report.Scan]{Routing: Routing, Owns: isScan, New: newScan,
		Key: func(s *report.Scan) ledger.Key { return scanKey(s.Report, s.ID) }}
)

// What is claimed of each kind, and what it can come to.
type (
	reportWork    = choreo.Work[*report.Report]
	reportOutcome = choreo.Outcome[*report.Report]
	scanWork      = choreo.Work[*report.Scan]
	scanOutcome   = choreo.Outcome[*report.Scan]
)

// moveReports moves reports by the steps of one queue.
func moveReports(
	l choreo.Deps, queue string,
	act func(context.Context, *reportWork) (reportOutcome, error),
) choreo.Mover[*report.Report] {
	return choreo.NewMover(l, reportKind, queue, act)
}

// moveScans moves the scans of single instances by the steps of one queue.
func moveScans(
	l choreo.Deps, queue string,
	act func(context.Context, *scanWork) (scanOutcome, error),
) choreo.Mover[*report.Scan] {
	return choreo.NewMover(l, scanKind, queue, act)
}
