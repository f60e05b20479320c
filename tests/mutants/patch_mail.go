package main

// patchMail are the bugs of how a patch report is laid out.
var patchMail = []mutant{
	{name: "equal instances listed singly", test: "./tests/sim/patch TestThousandsOfInstancesOfThreeKindsAreOneScreenAndLists", why: textAlone,
		edits: []edit{{"shared/report/kinds.go", `g := groups[k]`, `g := groups[Kind{Platform: i.ID}]`}}},
	{name: "equal flags told singly", test: "./tests/sim/patch TestWhatIsOddAboutAllStandsInTheSubject", why: textAlone,
		edits: []edit{{"shared/report/format/attention.go", `g := byText[text]`, `g := byText[text+i.ID]`}}},
	{name: "all are stopped, and the subject is silent", test: "./tests/sim/patch TestWhatIsOddAboutAllStandsInTheSubject", why: textAlone,
		edits: []edit{{reportVerdict, `all = slices.Insert(all, len(all)-1, down...)`, `_ = down`}}},
	{name: "what waits for a reboot is to be installed", test: "./tests/sim/patch TestWhatOnlyWaitsForARebootIsntToBeInstalled", why: textAlone,
		edits: []edit{{"shared/report/format/units.go", `if onlyWaits(p) {`, `if false && onlyWaits(p) {`}}},
	{name: "no report without the names of its baselines", test: "./tests/sim/patch TestAReportComesWithoutTheNamesOfItsBaselines",
		why: "a storm's denials are of instances", edits: []edit{{"shared/patch/report.go", `
		if err != nil && transient.Is(err) && !keepsFailing(w) {
			return err
		}
		if err != nil {
			slog.Warn("patch baselines`, `
		if err != nil {
			return err
		}
		if err != nil {
			slog.Warn("patch baselines`}}},
}
