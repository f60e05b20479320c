package main

// Files of what a report takes a finding for.
const (
	lastReboot   = "shared/rolling/last_reboot.go"
	compared     = "shared/report/compare.go"
	flagged      = "shared/report/flags.go"
	installation = "shared/report/installation.go"
	listed       = "shared/report/listed.go"
	scanned      = "shared/report/scan.go"
	tallied      = "shared/report/tally.go"
)

// stormOfReports is the test of which the storm of patch reports is: mutants of them are found by it.
const (
	stormOfReports = "./tests/storm/reports TestR8NoReportIsWrongInAnyStorm"
	otherStorm     = "the storm of runs makes no reports; the storm of reports is this test"
)

// patchFound are the bugs of what a patch report takes a finding for, and of what it needs from the runs for that.
var patchFound = []mutant{
	{name: "a reboot isn't known by its instance", edits: []edit{{lastReboot, `
	rebooted := !i.StartedAt.IsZero()`, `
	rebooted := !i.StartedAt.IsZero() && len(i.Capture) > 1`}}},
	{name: "a reboot is known whose boot nobody has seen", edits: []edit{{lastReboot, `
	rebooted := !i.StartedAt.IsZero()`, `
	rebooted := !i.RebootedAt.IsZero()`}}},
	{name: "installed by hand before the opening, and told as the window's", test: stormOfReports, why: otherStorm,
		edits: []edit{{compared, `
	case o.installed == BeforeOpening:
		return IsInstalledBefore`, `
	case o.installed == BeforeOpening:
		return IsInstalled`}}},
	{name: "waits for a reboot since before the opening, and told as the window's", test: stormOfReports, why: otherStorm,
		edits: []edit{{compared, `
	case as == IsPending && o.installed == BeforeOpening:`, `
	case false && o.installed == BeforeOpening:`}}},
	{name: "nothing to install, days after an installation", test: stormOfReports, why: otherStorm,
		edits: []edit{{flagged, `last.Operation == "Install" && last.Missing == 0`, `last.Operation == "" && last.Missing == 0`}}},
	{name: "rebooted by a run, and asked for again", test: stormOfReports, why: otherStorm,
		edits: []edit{{flagged, `return i.pending() && !i.rebooted() &&`, `return i.pending() &&`}}},
	{name: "a reboot from before the scan believed", test: stormOfReports, why: otherStorm,
		edits: []edit{{flagged, `last != nil && last.Ended.Before(i.Rebooted.At)`, `last != nil`}}},
	{name: "a day taken for its midnight", test: stormOfReports, why: otherStorm,
		edits: []edit{{installation, `
	case t.Equal(midnight), windows`, `
	case false && t.Equal(midnight), windows`}}},
	{name: "installed on the day of the window, and not announced: lost", test: stormOfReports, why: otherStorm,
		edits: []edit{{scanned, `return at == SinceOpening || at == OnTheDay`, `return at == SinceOpening`}}},
	{name: "a day of Windows Server taken for a time", test: "./tests/sim/patch TestAnEveningWindowInAmericaLosesNothing",
		why: "the nodes of the storm run Linux", edits: []edit{{installation, `
	case windows && quarter:`, `
	case false && quarter:`}}},
	{name: "an empty list beside twelve that are missing", test: stormOfReports, why: otherStorm,
		edits: []edit{{listed, `
	return last != nil && (lacks(Missing, last.Missing, i.listed.missing) ||`, `
	return last == nil && (lacks(Missing, last.Missing, i.listed.missing) ||`}}},
	{name: "a window whose document stores nothing, said to be disabled", edits: []edit{{tallied, `if unseen(r.Tasks) {`, `if false && unseen(r.Tasks) {`}},
		test: "./tests/sim/patch TestAWindowWhoseDocumentStoresNoPatchStatesSaysSo", why: "no window of the storm runs that document"},
	{name: "a contradiction that nobody is told of", test: stormOfReports, why: otherStorm,
		edits: []edit{{listed, `
	differ(Missing, "missing", last.Missing, i.listed.missing)`, ``}}},
}
