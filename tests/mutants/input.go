package main

// Files of what people write.
const (
	objects   = "shared/input/object.go"
	places    = "shared/input/place.go"
	fields    = "shared/input/field.go"
	readers   = "shared/input/reader.go"
	texts     = "shared/input/text.go"
	parsed    = "shared/run/parse.go"
	forms     = "shared/run/forms.go"
	accepted  = "shared/rolling/accept.go"
	floors    = "shared/rolling/floors.go"
	found     = "shared/rolling/find.go"
	survey    = "shared/report/request.go"
	ec2Fleets = "shared/cloud/ec2/fleets.go"
	ssmRead   = "shared/cloud/ssm/ssm.go"
)

const refusedFirst = "a storm's requests are right: what is refused has no effect that a rule " +
	"could forbid"

// refusing is a mutant of what is refused, and of the words in which it is.
func refusing(name, file, before, after, test string) mutant {
	return mutant{name: name, edits: []edit{{file, before, after}}, test: test, why: refusedFirst}
}

const (
	byInput     = "./shared/input TestReadersRefuse"
	byJSON      = "./shared/input TestJSONIsRefusedAtItsLineAndColumn"
	byRefusals  = "./tests/sim/rolling TestR11Refusals"
	byNames     = "./shared/run TestNamesAsAWSTakesThem"
	byMistakes  = "./shared/run TestAllMistakesAreToldAtOnce"
	byRelatives = "./tests/sim/rolling TestR11TheirRelatives"
)

var refused = []mutant{
	refusing("a field that is given twice is taken", objects, `range duplicates(text, mostShown+1)`,
		`range duplicates(nil, 0)`, byJSON),
	refusing("a field that is given twice is seen in the outermost object alone", places,
		`if again {`, `if again && len(open) == 1 {`, byJSON),
	refusing("columns are counted in bytes", places, `utf8.RuneCount(before[`,
		`utf8.RuneLen('x') * len(before[`, byJSON),
	refusing("lines aren't counted", places, `bytes.Count(before, []byte("\n")) + 1`, `1`, byJSON),
	refusing("a request of any size is read", objects, `len(text) > MaxText`, `len(text) < 0`,
		byJSON),
	refusing("nothing is near to a word that doesn't exist", places, `if near := nearest(word, known); near != "" {`, `if false {
		near := ""`, byInput),
	refusing("the first mistake alone is told", fields, `	return Several(m.all)
`, `	return m.all[0]
`, byMistakes),
	refusing("an error with any number of mistakes", fields, `s[:min(len(s), mostShown)]`, `s`,
		"./tests/sim/rolling TestR11ManyRefusedInstancesAreOneBoundedMessage"),
	refusing("a list of any length", readers, `if len(all) > most {`, `if false {`, byInput),
	refusing("a text of any length", texts, `case n > f.Most:`, `case n < 0:`, byInput),
	refusing("a null in a list is an empty text", readers, `string(one) != "null" && json`, `json`,
		byInput),
	refusing("a null tag is an empty one", texts,
		`string(raw) != "null" && json.Unmarshal(raw, &value)`, `json.Unmarshal(raw, &value)`, byInput),
	refusing("durations without bounds", readers, `case !b.Contains(d):`, `case false:`, byInput),
	refusing("what an error repeats is as long as it likes", readers,
		`sanitize.Middle(string(raw), mostQuoted, "…")`, `sanitize.Middle(string(raw), 1<<20, "")`,
		byInput),
	refusing("a mistake in the parameter looks like the request's", parsed, `		p.mistakes.Where = s.Parameter.where()
`, ``, byMistakes),
	refusing("a fleet whose parameter doesn't exist lacks instances", parsed,
		`if p.Parameter.Name != "" && !p.Parameter.exists() {`, `if false {`, "./shared/run "+
			"TestAFleetWithoutItsParameter"),
	refusing("a missing fleet isn't missed", parsed, `if _, ok := p.given["fleet"]; !ok {`,
		`if false {`, "./shared/run TestOneMistakeIsOne"),
	refusing("ARNs of other accounts and Regions are taken", forms,
		`return input.Fault{One: "is " + why, Many: "are " + why}, why != ""`,
		`return input.Fault{One: "is " + why, Many: "are " + why}, false`, "./shared/run "+
			"TestARNsOfOtherAccountsAndRegions"),
	refusing("any text is a rule's name", forms,
		"Most: 64, Match: regexp.MustCompile(`^[.\\-_A-Za-z0-9]+$`)", "Most: 64", byNames),
	refusing("any text is a function's name", forms, "`^[A-Za-z0-9_-]{1,64}(:[$A-Za-z0-9_-]+)?$`",
		"`^.*$`", byNames),
	refusing("alarms' names may have line breaks", texts,
		`case f.Match == nil && control.MatchString(s):`, `case false:`, byNames),
	refusing("a target group of functions is one of instances", found, `case of != "instance":`,
		`case false:`, byRefusals),
	refusing("an EC2 Fleet that maintains its size is let be", found, `	return set(fleets), nil
`, `	return set(fleets[:0]), nil
`, byRefusals),
	refusing("an EC2 Fleet of another type is refused", fleets, `case maintained[m.Fleet()]:`,
		`case m.Fleet() != "":`, "./tests/sim/rolling TestR11AnInstantFleetIsRebooted"),
	refusing("a deleted EC2 Fleet maintains its size", ec2Fleets,
		`!strings.HasPrefix(string(f.FleetState), "deleted")`, `!strings.HasPrefix(string(f.FleetState), "lost")`,
		"./shared/cloud/ec2 TestMaintainedReadsAllPagesAndLeavesOutWhatIsDeleted"),
	refusing("a Spot Fleet is let be", fleets, `case m.Tags[tagSpotFleet] != "":`, `case false:`,
		byRefusals),
	refusing("a managed instance is let be", fleets, `case m.Operator != "":`, `case false:`,
		byRefusals),
	refusing("a stopped instance without the tag refuses the others", found, `case !m.Runs():`,
		`case false:`,
		"./tests/sim/rolling TestR11AStoppedInstanceWithoutTheTagIsSkipped"),
	refusing("a running instance without the tag is skipped", found, `case !m.Runs():`,
		`case true:`, byRefusals),
	refusing("a stopped instance that is skipped isn't written down", starting,
		`range slices.Sorted(maps.Keys(f.skipped))`, `range slices.Sorted(maps.Keys(f.skipped))[:0]`,
		"./tests/sim/rolling TestR11AStoppedInstanceWithoutTheTagIsSkipped"),
	refusing("one selector is counted by all", found, `run.Selection{Tags: q.Tags}},
	} {`, `run.Selection{IDs: q.InstanceIDs, Tags: q.Tags}},
	} {`, byRefusals),
	refusing("a plan of any size", floors, `if len(text) <= maxPlan {`, `if true {`, byRefusals),
	refusing("what AWS shows is told one by one", accepted, `err != nil && !m.Add(err) {`,
		`err != nil {`, byRefusals),
	refusing("a parameter that can't be decrypted is a missing permission", ssmRead,
		`case "AccessDeniedException":`, `case "":`,
		"./shared/cloud/ssm TestParameterThatCannotBeDecrypted"),
	refusing("a missing permission for a parameter is one for its key", ssmRead,
		`strings.Contains(err.Error(), part)`, `strings.Contains(part, part)`,
		"./shared/cloud/ssm TestParameterThatCannotBeDecrypted"),
	refusing("a schedule's request with a field twice is refused in silence", start,
		`	o := input.Peek(text)
`, `	o, err := input.ParseObject("request", text, "")
	if err != nil {
		return "", true
	}
`, "./tests/sim/rolling TestR11ARefusalOfAScheduleIsToldWhole"),
	refusing("a command's run is any text", control, `input.Text(&c.Run, orNothing(run.IDForm))`,
		`input.Text(&c.Run, input.RequestID)`, byRelatives),
	refusing("a survey's states are any text", survey,
		`"states":       input.Words(&q.States, stateFault, patchStates...),`,
		`"states":       input.List(&q.States, 9, prefixForm),`, byRelatives),
}
