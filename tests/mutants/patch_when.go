package main

// Files of when a patch report is made, and of its cancelling.
const (
	previous      = "shared/report/previous.go"
	awaitPrevious = "shared/patch/previous.go"
	cancelReport  = "shared/patch/cancel.go"
	reportParts   = "shared/report/format/parts.go"
	reportSteps   = "shared/report/report.go"

	chooseWindows = "shared/report/choose.go"
)

// recurringStorm are the storms of windows that open again and again.
const recurringStorm = "./tests/storm/reports TestR8NoReportOfARecurringWindowIsEarly"

// patchWhen are the bugs of when a patch report is made, and of what ends it.
var patchWhen = []mutant{
	{name: "a first report doesn't wait for the execution before", test: recurringStorm, why: reportsOwn,
		edits: []edit{{awaitPrevious, `
	if wait := r.Wait(before, w.Now); wait > 0 {`, `
	if wait := r.Wait(before, w.Now); wait > 1000*time.Hour {`}}},
	{name: "an execution is over when its window closes", test: recurringStorm, why: reportsOwn,
		edits: []edit{{previous, `
	case !over(e.Status):`, `
	case !over(e.Status):
		p.Over = !p.Ends.After(now)`}}},
	{name: "an execution is over as soon as it has ended, not half an hour later", test: recurringStorm, why: reportsOwn,
		edits: []edit{{previous, `return p.Ends.Add(settle)`, `return p.Ends`}}},
	{name: "an execution before the last one can't still run", test: recurringStorm, why: reportsOwn,
		edits: []edit{{awaitPrevious, `executionsBack = 8 * 24 * time.Hour`, `executionsBack = 20 * time.Hour`}}},
	{name: "a first report comes before the second of the execution before", test: recurringStorm, why: reportsOwn,
		edits: []edit{{awaitPrevious, `
	if left == 0 {
		return 0, "", nil`, `
	if left >= 0 {
		return 0, "", nil`}}},
	{name: "the subject doesn't say that the previous execution isn't over", test: recurringStorm, why: reportsOwn,
		edits: []edit{{reportParts, `(r.Previous != nil && !r.Previous.Over) ||`, `(r.Previous == nil && false) ||`}}},
	{name: "a window that opens every hour is reported every hour", test: recurringStorm, why: reportsOwn,
		edits: []edit{{awaitPrevious, `
	if report.OpensOften(all, r.Window.Opens) {`, `
	if report.OpensOften(nil, r.Window.Opens) {`}}},
	{name: "a first report waits beyond its deadline",
		test: "./tests/sim/patch TestAFirstReportThatCannotWaitSaysThatThePreviousExecutionIsNotOver", why: textAlone,
		edits: []edit{{previous, `
		wait = min(wait, LookAgain, r.Latest().Sub(now))`, `
		wait = min(wait, LookAgain)`}}},
	{name: "a survey in the minute of the opening takes it for one without an execution before",
		test: "./tests/sim/patch TestASurveyInTheMinuteOfTheOpeningWaitsUntilTheExecutionIsListed", why: textAlone,
		edits: []edit{{awaitPrevious, `listedWithin = 5 * time.Minute`, `listedWithin = time.Second`}}},
	{name: "a report of an opening that was moved is mailed",
		test: "./tests/sim/patch TestAWindowThatIsMovedWhileItsPreviousExecutionRuns", why: textAlone,
		edits: []edit{{awaitPrevious, `
	if r.Lead == 0 || r.Often ||`, `
	if r.Lead >= 0 || r.Often ||`}}},
	{name: "a report that was cancelled stays under way", test: recurringStorm, why: reportsOwn,
		edits: []edit{{cancelReport, `,
		ledger.Write{Key: reportKey(r.ID), Rev: rev, Delete: true})`, `)`}}},
	{name: "a report is cancelled while it is being sent",
		test: "./tests/sim/patch TestAReportThatCannotBeCancelledSaysWhy", why: textAlone,
		edits: []edit{{reportSteps, `
	case r.Step == StepSend && (`, `
	case r.Step == StepSend && false && (`}}},
	{name: "a second report that is asked for later is of nothing",
		test: "./tests/sim/patch TestASecondReportCanBeAskedForAfterTheOpening", why: textAlone,
		edits: []edit{{"shared/report/due.go", `r.First, r.Window = first.ID, first.Window`, `r.Window = first.Window`}}},
	{name: "a Region without a maintenance window says nothing",
		test: "./tests/sim/patch TestASurveyByHandOfARegionWithoutWindowsSaysSo", why: textAlone,
		edits: []edit{{chooseWindows, `case len(all) == 0:`, `case len(all) < 0:`}}},
}
