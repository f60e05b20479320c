// Package patch reports the patches that a maintenance window is about to install, and afterwards,
// if asked, what came of it. It moves by package choreo, as a rolling reboot does; it changes
// nothing but its own ledger.
//
//	schedule ──► survey ──► scan, scan, scan … ──► report ──► SNS, S3
//	               │           │     ▲                │
//	               │           └─────┘ next pages     │
//	               └───────────┴──────┴───────────────┴──► dead letters ──► triage: a gap in the report, or an alarm
//
// What each failure does:
//
//	bad request                        refused before anything is written (Survey.Request)
//	the instances can't be listed      people are told once; it is tried every hour while the report is
//	                                   worth something
//	an instance can't be read          what passes is waited for until the deadline; then it is a gap:
//	                                   the report says so on top, and why
//	a message is lost                  the report tends its scans and nudges them; the watchdog nudges the report
//	the deadline passes                what isn't read by then is a gap; the report goes out
//	it can't be put together or sent   as when the instances can't be listed
//	a crash while it is being sent     the part in doubt is sent again, and says "repeated"
//	the window opens before it is out  it is worth nothing any more: an alarm instead of a report
package patch

import (
	"context"
	"strings"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
)

// Steps of a report, and of the scan of one instance.
const (
	StepSurvey   = "survey"   // which instances; of a second report, also the wait until the window has closed
	StepScanning = "scanning" // its scans are under way; the report function tends them
	StepReport   = "report"   // it is put together
	StepSend     = "send"     // its messages are sent, one after the other

	StepScan = "scan"

	Done = "done"
	// Unread is the end of a scan whose patches can't be had: a gap. (A patch can be Failed as well.)
	Unread = "failed"
)

// Routing tells the protocol about the steps of a report. Its own are endless: they end when it is
// worth nothing any more.
var Routing = choreo.Routing{Queue: queue, LogAttrs: name, NeverGivesUp: func(step string) bool {
	return step == StepSurvey || step == StepScanning || step == StepReport || step == StepSend
}}

func queue(step string) string {
	switch step {
	case StepScanning, StepSend:
		return "report"
	case choreo.Failing:
		return "dead"
	}
	return step
}

func name(key ledger.Key) []any {
	if key.PK == reportsPK {
		return []any{"report", key.SK}
	}
	return []any{"report", strings.TrimPrefix(key.PK, reportPrefix), "instance", strings.TrimPrefix(key.SK, scanPrefix)}
}

// The kinds of items of a patch report.
var (
	reportKind = choreo.Kind[*Report]{Routing: Routing, Owns: isReport, New: newReport,
		Key: func(r *Report) ledger.Key { return reportKey(r.ID) }}
	scanKind = choreo.Kind[*Scan]{Routing: Routing, Owns: isScan, New: newScan,
		Key: func(s *Scan) ledger.Key { return scanKey(s.Report, s.ID) }}
)

// What is claimed of each kind, and what it can come to.
type (
	reportWork    = choreo.Work[*Report]
	reportOutcome = choreo.Outcome[*Report]
	scanWork      = choreo.Work[*Scan]
	scanOutcome   = choreo.Outcome[*Scan]
)

// moveReports moves reports by the steps of one queue.
func moveReports(
	l choreo.Deps, queue string,
	act func(context.Context, *reportWork) (reportOutcome, error),
) choreo.Mover[*Report] {
	return choreo.NewMover(l, reportKind, queue, act)
}

// moveScans moves the scans of single instances by the steps of one queue.
func moveScans(
	l choreo.Deps, queue string,
	act func(context.Context, *scanWork) (scanOutcome, error),
) choreo.Mover[*Scan] {
	return choreo.NewMover(l, scanKind, queue, act)
}

// Topic is where people are told of what went wrong.
type Topic interface {
	Publish(ctx context.Context, subject, text string) error
}
