package main

// Files of what a patch report says of its window's tasks.
const (
	windowTasks     = "shared/report/tasks.go"
	windowExecution = "shared/report/execution.go"
	windowBegin     = "shared/patch/begin.go"
	windowDue       = "shared/report/due.go"
	windowHead      = "shared/report/format/window.go"
	reportVerdict   = "shared/report/verdict.go"
	reportFlags     = "shared/report/flags.go"

	// reportStorm is the storm of patch reports, which isn't among those of rolling reboots.
	reportStorm = "./tests/storm/reports TestR8NoReportIsWrongInAnyStorm"
	reportsOwn  = "patch reports have a storm of their own"
	textAlone   = "the storm of patch reports doesn't draw it: no fault makes a difference to it"
)

// patchWindow are the bugs of what a report says of its window: of documents that aren't known, tasks
// without targets, overrides, what the window does, and what became of it.
var patchWindow = []mutant{
	{name: "a runbook of AWS that isn't known", test: reportStorm, why: reportsOwn, edits: []edit{{windowTasks, `
	"AWSEC2-PatchLoadBalancerInstance":  {does: DoesInstall},
`, ``}}},
	{name: "a task of a document that isn't known left out in silence", test: reportStorm, why: reportsOwn,
		edits: []edit{{windowTasks,
			`case does == DoesUnknown && window == DoesInstall:`,
			`case does == DoesUnknown && window == DoesInstall:
		return nil`}}},
	{name: "a window of a document that isn't known, and nobody is told", test: reportStorm, why: reportsOwn,
		edits: []edit{{windowBegin,
			`for _, task := range report.UnknownTasks(tasks, s.Settings.Documents) {`,
			`for _, task := range report.UnknownTasks(nil, s.Settings.Documents) {`}}},
	{name: "a window chosen by prefix that must be known",
		test: "./tests/sim/patch TestAWindowThatIsChosenIsReportedWhateverItRuns", why: textAlone,
		edits: []edit{{windowDue,
			`return len(q.WindowIDs) > 0 || q.WindowPrefix != ""`, `return len(q.WindowIDs) > 0`}}},
	{name: "an automation's instances sought in its targets alone", test: reportStorm, why: reportsOwn,
		edits: []edit{{windowTasks,
			`if t.Type != Automation {`, `if t.Type != Automation || t.Document != "" {`}}},
	{name: "no instance to patch where nobody knows", test: reportStorm, why: reportsOwn,
		edits: []edit{{reportVerdict,
			`case len(c.Instances) == 0 && c.InstancesUnknown() > 0:`, `case len(c.Instances) < 0:`}}},
	{name: "an override without a remark", test: "./tests/sim/patch TestAnOverrideIsRemarked", why: textAlone,
		edits: []edit{{windowTasks,
			`for _, name := range t.overrides() {`, `for _, name := range t.overrides()[:0] {`}}},
	{name: "a window that scans is going to install", test: reportStorm, why: reportsOwn,
		edits: []edit{{windowHead, `
	case w.Does == report.DoesScan:
		return "M"`, `
	case w.Does == report.DoesScan && w.Disabled:
		return "M"`}}},
	{name: "a second report of a window that scans", test: reportStorm, why: reportsOwn,
		edits: []edit{{windowBegin,
			`installs := does == report.DoesInstall || does == report.DoesUnknown`,
			`installs := does != report.DoesNothing`}}},
	{name: "a disabled window is going to install", test: "./tests/sim/patch TestGoldenADisabledWindow",
		why: textAlone, edits: []edit{{windowDue, `Disabled: !w.Enabled,`, `Disabled: !w.Enabled && false,`}}},
	{name: "a task that doesn't reboot is said to", test: reportStorm, why: reportsOwn,
		edits: []edit{{windowTasks,
			`case strings.EqualFold(option, NoReboot), strings.EqualFold(allowed, "False"):`,
			`case strings.EqualFold(option, "no"), strings.EqualFold(allowed, "False"):`}, {windowTasks,
			`case option+allowed != "":`, `case option+allowed == "?":`}}},
	{name: "what waits for a reboot after a window that reboots isn't odd", test: reportStorm, why: reportsOwn,
		edits: []edit{{reportFlags,
			`if c.windowHasRebooted() && `, `if c.windowHasRebooted() && i.Step == "" && `}}},
	{name: "the execution's status isn't named", test: reportStorm, why: reportsOwn, edits: []edit{
		{reportVerdict, `if e := c.Report.Execution; brief && e.Brief() != "" {`,
			`if e := c.Report.Execution; brief && e.Brief() == "?" {`},
		{reportVerdict, `} else if !brief && e != nil {`, `} else if !brief && e != nil && e.ID == "?" {`}}},
	{name: "the status of another execution", test: "./shared/report TestWhichExecutionIsThatOfAnOpening",
		why: textAlone, edits: []edit{{windowExecution,
			`in := !e.Started.Before(from) && e.Started.Before(to)`,
			`in := !e.Started.Before(from) && e.Started.Before(to.AddDate(1, 0, 0))`}}},
}
