package main

// Files of how messages are taken up.
const (
	decode     = "shared/choreo/decode.go"
	hop        = "shared/choreo/requeue.go"
	kind       = "shared/choreo/kind.go"
	letter     = "shared/choreo/deadletter.go"
	scan       = "shared/patch/scan.go"
	unrecorded = "shared/rolling/unrecorded.go"
)

// messages are the bugs of what is believed of a message: from which queue, of what, and when.
var messages = []mutant{
	{name: "a message of another queue taken up", edits: []edit{{kind, `case queue != m.Queue:`, `case false && queue != m.Queue:`}}},
	{name: "an item of another kind decoded and written", edits: []edit{{mover,
		`if why := m.misrouted(msg); why != "" {`, `if why := m.misrouted(msg); false && why != "" {`},
		{kind, `if err == nil && rev != 0 && k.Key(item) != key {`, `if err == nil && rev != 0 && false {`}}},
	{name: "a message taken up before its item is due", edits: []edit{{claim,
		`case p.Redeliveries == 0 && now.Before(p.Due):`, `case false && now.Before(p.Due):`}}},
	{name: "a message that waits without looking at its item", edits: []edit{{hop,
		`if msg.NotBefore.Sub(now) > MaxDelay {`, `if false && msg.NotBefore.Sub(now) > MaxDelay {`}}},
	{name: "letters given back without the bound of a minute", edits: []edit{{letter,
		`case now.Before(p.Redriven.Add(redriveInterval)):`, `case false && now.Before(p.Redriven.Add(redriveInterval)):`}}},
	{name: "a letter that uses up a nudge", edits: []edit{{letter, `
	return m.redrive(ctx, owner, msg, item, rev, now)`, `
	_, err = m.redeliverer(owner).Redeliver(ctx, msg.Key, rev, item, now, 0)
	return err`}}},
	{name: "a letter given back under somebody's lease", edits: []edit{{letter, `case p.Leased(now):`, `case false && p.Leased(now):`}}},
}

// unplayed are bugs that no storm can play, for another check stands before each: the test that is
// named must fail.
var unplayed = []mutant{
	{name: "an item taken up by its key's looks alone", test: "./shared/choreo TestADocumentOfAnotherKind",
		why: "no item of ours says that it is another: only a document that somebody has spoiled does",
		edits: []edit{{kind,
			`if err == nil && rev != 0 && k.Key(item) != key {`, `if err == nil && rev != 0 && false {`}}},
	{name: "a key of another kind read", test: "./tests/sim/rolling TestR8MessagesInAnotherQueueChangeNothing",
		why: "no step of one kind is a step of another, so that what is read is refused; " +
			"but what can't be read comes again, up to the last queue",
		edits: []edit{{kind,
			`case !m.Owns(msg.Key):`, `case false && !m.Owns(msg.Key):`}}},
	{name: "a message taken up by what waits without a clock", test: "./shared/choreo TestClaim",
		why: "no message of a position that waits without a clock is ever sent, so there is none to copy",
		edits: []edit{{claim,
			`case p.Due.IsZero():`, `case false && p.Due.IsZero():`}}},
	{name: "a message that waits longer than its item", test: "./shared/choreo TestHop",
		why: "it is dropped once its item has moved on: only a queue that holds it for nothing shows it",
		edits: []edit{{hop,
			`msg = msg.dueBy(p.Due)`, `_ = msg.dueBy(p.Due)`}}},
	{name: "a letter of another step given back", test: "./shared/choreo TestALetterIsGivenBack",
		why: "a copy has its own step; only a forged message has another",
		edits: []edit{{claim,
			`case p.Step != msg.Step:`, `case false && p.Step != msg.Step:`}}},
	{name: "a field given twice", test: "./shared/choreo TestDecodeMessage",
		why: "no message of ours has a field twice",
		edits: []edit{{decode,
			`case slices.Contains(seen, field):`, `case false && slices.Contains(seen, field):`}}},
	{name: "a reboot without the end of a deregistration", test: "./tests/sim/rolling TestR5UnsetTimesProveNothing",
		why: "reboot is reached with the commit that writes goneAt: only a spoiled document is without it",
		edits: []edit{{unrecorded,
			`case i.Step == run.StepReboot && i.GoneAt.IsZero():`, `case false && i.Step == run.StepReboot && i.GoneAt.IsZero():`}}},
	{name: "a check without a reboot", test: "./tests/sim/rolling TestR5UnsetTimesProveNothing",
		why: "check is reached after the write of rebootedAt: only a spoiled document is without it",
		edits: []edit{{unrecorded,
			`case i.Step == run.StepCheck && i.RebootedAt.IsZero():`, `case false && i.Step == run.StepCheck && i.RebootedAt.IsZero():`}}},
	{name: "an instance put back that no check has seen started", test: "./tests/sim/rolling TestR5UnsetTimesProveNothing",
		why: "rejoin is reached after a reboot with the commit that writes startedAt: only a spoiled document is without it",
		edits: []edit{{unrecorded,
			`!i.RebootAskedAt.IsZero() && i.StartedAt.IsZero():`, `!i.RebootAskedAt.IsZero() && i.StartedAt.IsZero() && false:`}}},
	{name: "done without a reboot", test: "./tests/sim/rolling TestR5UnsetTimesProveNothing",
		why: "rejoin is reached without a reboot only with a reason: only a spoiled document is without any",
		edits: []edit{{rejoin,
			`if unexplained(i) {`, `if false && unexplained(i) {`}}},
	{name: "a scan that is late before its survey is done", test: "./tests/sim/rolling TestR8AScanBeforeItsSurveyIsDoneIsNoGap",
		why: "the storms here are those of reboots",
		edits: []edit{{scan,
			`if err == nil && r.Deadline.IsZero() {`, `if false && r.Deadline.IsZero() {`}}},
	{name: "dead letters from every queue of the account", test: "./tests/template TestOnlyTheStepsRedriveToTheDeadLetters",
		why: "no storm has other queues than those of the stack",
		edits: []edit{{wiring,
			`redrivePermission: byQueue`, `redrivePermission: allowAll`}}},
}
