package main

// patchReview are bugs of how often a patch report is made, and of what it says of others' work.
var patchReview = []mutant{
	{name: "four openings a day are more than four",
		test: "./tests/sim/patch TestAWindowThatOpensFourTimesADayIsReportedEachTime", why: textAlone,
		edits: []edit{{previous, `opens.Sub(e.Started) < almostADay`, `opens.Sub(e.Started) < day`}}},
	{name: "each survey reads all executions of a window that was reported today",
		test: "./tests/sim/patch TestAWindowThatIsReportedOnceADayCostsNothingMoreThatDay", why: textAlone,
		edits: []edit{{"shared/patch/survey.go", `
			r, ok = before[q.OnceID(o.ID, o.at)]`, `
			r, ok = before[""]`}}},
	{name: "a report once a day wasn't done within 24 hours",
		test: "./tests/sim/patch TestAReportOnceADayThatIsNotDoneSaysByWhen", why: textAlone,
		edits: []edit{{reportSteps, `
	case r.Often:`, `
	case r.Often && false:`}}},
	{name: "a second report made days later says nothing of what came since",
		test: "./tests/sim/patch TestASecondReportThatIsAskedForLaterSaysSo", why: textAlone,
		edits: []edit{{"shared/report/due.go", `
	if r.Phase != After || now.Sub`, `
	if r.Phase == After || now.Sub`}}},
	{name: "a second report by hand forgets that its window was chosen",
		test: "./tests/sim/patch TestASecondReportByHandOfAChosenWindowWithoutInstancesOfItsFirst", why: textAlone,
		edits: []edit{{"shared/report/due.go", `
	r.Named = true // its first report is`, ``}}},
	{name: "a window doesn't reboot whose other tasks do",
		test: "./tests/sim/patch TestAWindowWithAnotherTaskThatReboots", why: textAlone,
		edits: []edit{{windowTasks, `
	if others && option == NoReboot {`, `
	if others && option == DoesRestart {`}}},
	{name: "parameters are read of documents that never install", why: textAlone,
		test: "./shared/report TestOnlyOfDocumentsThatMayInstallParametersMatter",
		edits: []edit{{windowTasks, `
	return documents[document].does == DoesInstall ||`, `
	return documents[document].does != "" ||`}}},
	{name: "a window that hasn't run should have rebooted",
		test: "./tests/sim/patch TestNothingIsOddIfTheWindowHasNotRun", why: textAlone,
		edits: []edit{{flagged, ` && r.Execution.Finished()`, ``}}},
	{name: "a second report doesn't say that its execution isn't over",
		test: "./tests/sim/patch TestASecondReportOfAnExecutionThatIsNotOver", why: textAlone,
		edits: []edit{{"shared/report/execution.go", `
	return e != nil && !over(e.Status) &&`, `
	return e == nil && !over(e.Status) &&`}}},
	{name: "what a try has found hours ago is taken for the present",
		test: "./tests/sim/patch TestAWindowThatIsMovedAndMovedBackIsReportedAsItIsThen", why: textAlone,
		edits: []edit{{"shared/patch/scans.go", `const outdated = 3 * time.Hour`, `const outdated = 300 * time.Hour`}}},
}
