package main

// More files in which mutants are planted.
const (
	accept    = "shared/rolling/accept.go"
	alarming  = "shared/cloud/alarms/alarms.go"
	composite = "shared/run/composite.go"
	fleetFile = "shared/run/fleet.go"
	instance  = "shared/run/instance.go"
	renewal   = "shared/rolling/renew.go"
)

// Why no storm can find some of them.
const (
	months   = "a storm lasts for days, and items expire after months"
	oneMain  = "the world's adapters are of its own; this is what CloudWatch is asked"
	unending = "a run that can't restore goes on until it can, so that a storm of it never ends"
)

// mutes are the bugs of a mute that can't be kept up, of what is deleted meanwhile, and of runs that last for
// months.
var mutes = []mutant{
	{name: "a mute that fails ends the look at an open run", edits: []edit{{finish,
		`if errors.Is(muteErr, choreo.ErrLost) {`, `if muteErr != nil {`}}},
	{name: "a mute that fails and isn't looked at again soon", edits: []edit{{finish,
		`sooner(choreo.Backoff(a.Troubles, a.Run))`, `_ = 0`}},
		test: "./tests/sim/rolling TestR7AMuteThatFailsIsTriedAgainSoon", why: "ten minutes more break no rule"},
	{name: "trouble with a mute told at each look", edits: []edit{{finish,
		`if w.Now.Sub(w.Item.Announced.Trouble) < troubleEvery {`, `if false {`}},
		test: "./tests/sim/rolling TestR7ARunThatCannotBeMutedEndsInItsTime", why: "no rule bounds how often people are told of trouble"},
	{name: "rules that can't be disabled keep alarms from being muted", edits: []edit{{mute, `
		if err := w.Save(ctx); err != nil { // who has lost the lease does nothing more
			return "", errors.Join(rulesErr, err)
		}
	}
	why,`, `
		if err := w.Save(ctx); err != nil || rulesErr != nil {
			return "", errors.Join(rulesErr, err)
		}
	}
	why,`}}},
	{name: "a deleted alarm kept in the list", edits: []edit{{mute,
		`w.Item.Missing = missing`, `_ = missing`}}},
	{name: "a throttled mute rule hides that another is refused", edits: []edit{{mute, `
			refused = refused || !transient.Is(err)`, `
			refused = !transient.Is(errors.Join(all...))`}},
		test: "./tests/sim/rolling TestR6ARefusedMuteRuleIsSeenBesideAThrottledOne",
		why:  "of 1,500 storms none has two mute rules, one refused and one throttled at each look"},
	{name: "all alarms deleted counts as not muted", edits: []edit{{mute,
		`q.Until, q.Pending, q.Put = time.Time{}, time.Time{}, false
		return nil`, `q.Pending, q.Put = time.Time{}, false
		return nil`}},
		test: "./tests/sim/rolling TestR6WithEveryAlarmDeletedTheRunGoesOn", why: "a run that waits for nothing ends by gateTimeout, which breaks no rule"},
	{name: "unmuted by the latest generation's parts", edits: []edit{{instance,
		`if p.From <= generation {`, `if p.From > 0 {`}}},
	{name: "parts of a generation that aren't counted", edits: []edit{{instance,
		`if n := len(q.Parts); n == 0 || q.Parts[n-1].Count != parts {`, `if n := len(q.Parts); n == 0 {`}, {mute,
		`len(parts(plan.Alarms))) {`, `1) {`}, {instance, `Count: parts})`, `Count: 1})`}}},
	{name: "a generation of mute rules put before it is written down", edits: []edit{{mute, `
	q.Pending, q.Put = now.Truncate(time.Minute).Add(time.Minute+muteFor), false
	return w.Save(ctx)`, `
	q.Pending, q.Put = now.Truncate(time.Minute).Add(time.Minute+muteFor), false
	return nil`}}},
	{name: "rules not looked at again with a new generation", edits: []edit{{mute,
		`q.RulesDisabled = false // look`, `_ = q.RulesDisabled // look`}}},
	{name: "a rule found off that isn't read again", edits: []edit{{mute,
		`err != nil || again == rev {`, `err != nil || again >= rev {`}},
		test: "./tests/sim/rolling TestR6TwoRunsThatTakeARuleAtOnce", why: "two runs must read one rule within the same milliseconds"},
	{name: "one rule that can't be restored keeps the others off", edits: []edit{{mute,
		`all = append(all, m.enableForRun(ctx, w, rule))`, `if err := m.enableForRun(ctx, w, rule); err != nil {
				return err
			}`}},
		test: "./tests/sim/rolling TestR6WhatCannotBeRestoredKeepsNothingElseMuted", why: unending},
	{name: "mute rules that have ended keep a run from its end", edits: []edit{{mute,
		`if !ended || transient.Is(err) {`, `if !ended || err != nil {`}},
		test: "./tests/sim/rolling TestR7MuteRulesThatHaveEndedCannotKeepARun", why: unending},
	{name: "ended mute rules that stay until the end", edits: []edit{{mute,
		`if q.Generation-q.Deleted <= muteGenerations {`, `if true {`}},
		test: "./tests/sim/rolling TestR6EndedMuteRulesAreDeletedMeanwhile", why: "a storm's runs have few generations"},

	{name: "expiry that isn't renewed", edits: []edit{{renewal,
		`renewAfter = 25 * 24 * time.Hour`, `renewAfter = 2500 * 24 * time.Hour`}},
		test: "./tests/sim/rolling TestR7NothingOfALongRunExpires", why: months},
	{name: "expiry renewed for the first page only", edits: []edit{{renewal,
		`if all && len(docs) < renewedAtOnce {`, `if all {`}},
		test: "./tests/sim/rolling TestR7NothingOfALongRunExpires", why: months},
	{name: "the plan's expiry isn't renewed", edits: []edit{{renewal,
		`if n.After == "" {`, `if n.After == "none" {`}},
		test: "./tests/sim/rolling TestR7NothingOfALongRunExpires", why: months},
	{name: "expiry renewed once and never again", edits: []edit{{renewal,
		`*n = run.Renewal{Done: n.Began}`, `*n = run.Renewal{Done: n.Began.Add(100 * renewAfter)}`}},
		test: "./tests/sim/rolling TestR7NothingOfALongRunExpires", why: months},
	{name: "expiry renewed under another's lease", edits: []edit{{renewal,
		`if i.Leased(w.Now) {`, `if false {`}},
		test: "./tests/sim/rolling TestR7WhoIsAtWorkIsRenewedLater", why: months},
	{name: "who is at work is never renewed", edits: []edit{{renewal,
		`if all = all && done; all {`, `if all = true; done || all {`}},
		test: "./tests/sim/rolling TestR7WhoIsAtWorkIsRenewedLater", why: months},

	{name: "log alarms that aren't asked for", edits: []edit{{alarming,
		`types.AlarmTypeCompositeAlarm, types.AlarmTypeLogAlarm,`, `types.AlarmTypeCompositeAlarm,`}},
		test: "./shared/cloud/alarms TestAlarmsByPrefixReadsAllPages", why: oneMain},
	{name: "one bus by name and by ARN is two", edits: []edit{{fleetFile,
		`return name, nil`, `return bus, nil`}},
		test: "./tests/sim/rolling TestR6OneBusByNameAndByARN", why: "the world's rules of a bus by its ARN are those of another bus"},
	{name: "composite alarms that aren't named", edits: []edit{{accept,
		`plan.Dependents = run.Dependents(composites, plan.Alarms)`, `plan.Dependents = run.Dependents(composites, nil)`}},
		test: "./tests/sim/rolling TestR6CompositeAlarmsThatDependOnMutedOnesAreNamed", why: "a storm doesn't read what people are told of alarms"},
	{name: "composite alarms that depend through others aren't named", edits: []edit{{composite,
		`on[c.Name], more = on[references[n][at]], true`, `on[c.Name] = on[references[n][at]]`}},
		test: "./shared/run TestDependents", why: "a storm doesn't read what people are told of alarms"},
}
