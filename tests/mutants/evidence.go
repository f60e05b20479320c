package main

// Files of evidence.
const (
	bootOf   = "shared/run/boot.go"
	fleets   = "shared/run/fleet.go"
	looking  = "shared/rolling/read.go"
	statusOf = "shared/run/status.go"
	troubles = "shared/rolling/trouble.go"
)

// evidence are the bugs of what shows a boot, of what a target's state means, and of how long errors are borne.
var evidence = []mutant{
	{name: "questions sent while it was down count", edits: []edit{{proof, `
		if !i.PassingSince.IsZero() && !read.sentAt.Before(i.PassingSince) {`, `
		if true {`}, {check, `
		i.PassingSince, i.Boot.Unanswered = time.Time{}, 0`, `
		i.PassingSince = time.Time{}`}},
		test: "./tests/sim/rolling TestQuestionsSentWhileItWasDownDontEndTheWait",
		why:  "an outage of check must begin and end in the right minutes: one storm of 6,000 has it"},
	{name: "another agent's boot taken for ours", edits: []edit{{bootOf,
		`case !i.CalledAt.IsZero() && !sentAt.Add(-a.Uptime).Before(i.CalledAt):`, `case a.ID != "":`}}},
	{name: "another agent's boot believed after a call", edits: []edit{{proof, `
		if early {`, `
		if false {`}, {bootOf, `case readAt.Add(-a.Uptime).Before(i.RebootAskedAt):`, `case false:`}}},
	{name: "no data counts as seen down", edits: []edit{{statusOf, `
	"instance": {
		statusOK: up, statusImpaired: down, statusInitializing: neither, statusNoData: neither,`, `
	"instance": {
		statusOK: up, statusImpaired: down, statusInitializing: neither, statusNoData: down,`}}},
	{name: "one failing look counts as seen down", edits: []edit{{bootOf, `
		i.DownOnce = now
	case`, `
		i.DownOnce, i.SeenDown = now, now
	case`}},
		test: "./shared/run TestSeenDownTakesTenSecondsWithoutAPass",
		why:  "a storm's probes fail for a machine that is down alone: by chance none does"},
	{name: "two failing looks in one moment count as seen down", edits: []edit{{bootOf, `DownFor = 10 * time.Second`, `DownFor = 0`}},
		test: "./shared/run TestSeenDownTakesTenSecondsWithoutAPass",
		why:  "a storm's probes fail for a machine that is down alone: by chance none does"},
	{name: "who was down before is seen down", edits: []edit{{bootOf, `case !f.Down || !i.wasUp():`, `case !f.Down:`}},
		test: "./shared/run TestSeenDownTakesTenSecondsWithoutAPass",
		why:  "a machine that is down before its reboot, hangs in it, and passes before EC2 forces it, has to be mended by hand in those minutes, and then it isn't the product's doing"},
	{name: "an unhealthy.draining target counts as gone", edits: []edit{{fleets,
		`case t.State == stateDraining, t.Reason == reasonDeregistration:`,
		`case t.State == stateDraining, t.State == "unhealthy.draining", t.Reason == reasonDeregistration:`}}},
	{name: "initial targets aren't waited for", edits: []edit{{gate, `if t.ID == l.Me.ID && t.Initial() {`, `if false {`}}},
	{name: "a target that stays initial is waited for without an end", edits: []edit{{gate,
		`l.Now.Sub(since) >= InitialPatience`, `false`}},
		test: "./shared/run TestTheGateWaitsForTheFirstHealthChecks",
		why:  "in a storm health checks always come: a target that nobody checks is one of no load balancer, which reads as unused"},
	{name: "a refused reboot call isn't undone", edits: []edit{{reboot, `
	if err != nil && (transient.IsNotApplied(err) || !transient.Is(err)) {`, `
	if false && err != nil && (transient.IsNotApplied(err) || !transient.Is(err)) {`}},
		test: "./tests/sim/rolling TestARebootThatWasRefusedIsUndone",
		why:  "a storm's throttles end, and then the call is made after all: the mark is true by then"},
	{name: "a call that wasn't carried out stays announced", edits: []edit{{reboot, `
			i.TakeBackCalls()
			return choreo.Again[*run.Instance](bootAnswer, "EC2 hasn't carried out the reboot"), true, nil`, `
			return out, false, nil`}},
		test: "./tests/sim/rolling TestACallThatWasntCarriedOutIsTakenBack",
		why:  "an error without an answer and somebody who registers the instance elsewhere: one storm of 4,000 has both"},
	{name: "calls without an answer have no end", edits: []edit{{reboot,
		`case r.Now().After(i.GoneAt.Add(plan.RebootFor(i.Capture))):`, `case r.Now().Before(i.GoneAt):`}},
		test: "./tests/sim/rolling TestCallsThatAreNeverAnsweredHaveAnEnd",
		why:  "a storm's errors hit each call by chance, and it is made in the end"},
	{name: "an old answer allows a second call", edits: []edit{{reboot,
		`if b.Old == "" || fresh ||`, `if b.Old == "" || i.RebootCalls > 0 || fresh ||`}},
		test: "./tests/sim/rolling TestAnOldAnswerSaysNothingAboutACall",
		why:  "a needless second reboot breaks no rule that a storm judges, unless the answer came in between"},
	{name: "the boot of an earlier call is taken for another agent's", edits: []edit{{bootOf,
		`case readAt.Add(-a.Uptime).Before(i.RebootAskedAt):`, `case readAt.Add(-a.Uptime).Before(i.RebootedAt):`}},
		test: "./tests/sim/rolling TestTheBootOfAnEarlierCallEndsTheCalls",
		why:  "the boot must begin between the writing of the second call and a crash before it is made"},
	{name: "errors outside are counted, not timed", edits: []edit{{troubles,
		`return choreo.Tolerance{Transient: outsideFor, Permanent: outsideFor}`, `return choreo.Tolerance{}`}}},
	{name: "a reboot that can't be made isn't given up", edits: []edit{{reboot,
		`if i.RebootCalls > 0 || r.Now().Before(i.GoneAt.Add(limit)) {`, `if i != nil {`}},
		test: "./tests/sim/rolling TestErrorsBeforeTheRebootNeverLeaveAnInstanceOut",
		why:  "a storm's outages end, and then the instance is rebooted late, which no rule forbids"},
	{name: "register repeated where it had returned", edits: []edit{{rejoin, `
		if slices.Contains(i.Rejoined, g.arn) {
			continue
		}
		err := r.Targets.Register`, `
		err := r.Targets.Register`}},
		test: "./tests/sim/rolling TestATargetThatOthersTakeOutDuringAnOutageStaysOut",
		why:  "others would have to take a target out of one group while another group can't be registered in, which no storm has drawn"},
	{name: "a look that fails ends an instance in service", edits: []edit{{drain,
		`return w.Again(turnDelay(w, r, plan), failed.Error()), nil`, `return w.GiveUp(failed.Error()), nil`}},
		test: "./tests/sim/rolling TestALookThatCantBeMadeClosesTheGate",
		why:  "an instance that fails in service breaks no rule that a storm judges"},
	{name: "a look that fails leaves the gate open", edits: []edit{{drain, `
	if err := b.closeGate(ctx, w, r); err != nil {
		return instanceOutcome{}, err
	}
	return w.Again(turnDelay`, `
	return w.Again(turnDelay`}},
		test: "./tests/sim/rolling TestALookThatCantBeMadeClosesTheGate",
		why:  "a storm's outages end before its gates do"},
	{name: "reading many groups runs into the timeout", edits: []edit{{looking, `if t.now().Before(t.deadline) {`, `if true {`}},
		test: "./tests/sim/rolling TestManyTargetGroups",
		why:  "a storm has three target groups"},
	{name: "an answer of before the reboot ends the wait", edits: []edit{{proof,
		`if early && !c.Now().Before(hung) {`, `if false {`}},
		test: "./tests/sim/rolling TestAnAnswerOfBeforeDoesntEndTheWait",
		why:  "a storm plays it in one of some thousand seeds"},
	{name: "the first look after an outage gives up", edits: []edit{{check,
		`since >= plan.CheckFor() && i.Checks >= min(fewLooks, plan.Request.MaxChecks)`, `since >= plan.CheckFor()`}},
		test: "./tests/sim/rolling TestTheFirstLookAfterAnOutageDoesntGiveUp",
		why:  "in a storm a machine that is up answers each probe"},
}
