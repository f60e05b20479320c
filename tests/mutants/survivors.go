package main

const allow = "shared/rolling/allowed.go"

// survivors are bugs that the tests of single functions and the scenarios would let pass.
var survivors = []mutant{
	{name: "the gate isn't asked again after the capture", edits: []edit{{drain, `if stillIn(w.Item.Capture, look.Registrations()) {`,
		`if false && stillIn(w.Item.Capture, look.Registrations()) {`}}},
	{name: "a second failure that isn't blamed", edits: []edit{{triage,
		`if first != nil && first.Step == step && first.At.Equal(i.Since) {`, `if first != nil {`}}},
	{name: "a failure that is another one each time triage comes", edits: []edit{{triage,
		`if first != nil && first.Step == step && first.At.Equal(i.Since) {`, `if first != nil && first.Step == step && first.Announced {`}}},
	{name: "an instance that can't be put back is put back again", edits: []edit{{triage,
		`if i.GoesBack() {`, `if i.Out() && i.RebootAskedAt.IsZero() {`}}},
	{name: "a letter of which no code ran gives up", edits: []edit{{letter, `exhausted := p.Tries >= MaxTries`, `exhausted := true || p.Tries >= MaxTries`}}},
	{name: "cancel that leaves a paused run paused", edits: []edit{{control, `
		r.Stop(now, run.Cancelled)
		if !r.Paused.IsZero() {`, `
		r.Stop(now, run.Cancelled)
		if false {`}}},
	{name: "resume that counts patience from before the pause", edits: []edit{{control,
		`r.Paused, r.Resumed, r.ClosedSince = time.Time{}, now, time.Time{}`, `r.Paused, r.Resumed = time.Time{}, now`}}},
	{name: "who leaves doesn't begin the patience anew", edits: []edit{{drain, `
	if !look.Run.ClosedSince.IsZero() {
		if err := b.updateRun(`, `
	if false {
		if err := b.updateRun(`}}},
	{name: "a pause without an end", edits: []edit{{finish, `!r.Paused.IsZero() && now.Sub(r.Paused) >= limit {`,
		`!r.Paused.IsZero() && now.Sub(r.Paused) >= limit && limit < 0 {`}}},
	{name: "a mute that ends while its alarm is in ALARM", edits: []edit{{finish, `if a.State == "ALARM" {`, `if a.State == "ALARM" && false {`}}},
	{name: "who gets a token isn't told", edits: []edit{{advance, `
		all.Messages = append(all.Messages, choreo.NewMessage(key, &h.Position))`, ``}}},
	{name: "a run that is over isn't told", edits: []edit{{advance, `
	all.Messages = append(all.Messages, choreo.NewMessage(activeKey(r.ID), &a.Position))`, ``}}},
	{name: "a token is kept for one that serves again", edits: []edit{{starting, `
		if !back {
			continue
		}
		if err := b.deleteOut`, `
		if !back || o.Run != w.Item.Run {
			continue
		}
		if err := b.deleteOut`}}},
	{name: "failed out of service, and not written down", edits: []edit{{advance, `
			if err := b.recordOut(ctx, i, &all); err != nil {
				return all, err
			}`, ``}}},
	{name: "released by somebody, and its token kept", edits: []edit{{finish, `
			for _, instance := range gone {
				r.Release(instance)
			}`, `
			for range gone {
				continue
			}`}}},
	{name: "mutes what the stack doesn't allow", edits: []edit{{allow, `case list.allowed == "":`, `case false:`}}},
	{name: "mutes whatever its name", edits: []edit{{allow,
		`case len(beyond) > 0:`, `case len(beyond) < 0:`}},
		test: "./tests/sim/rolling TestR11WhatTheStackDoesNotAllowToBeMutedIsRefused", why: "storms ask for names of one beginning alone"},
	{name: "disables on a bus that the role doesn't tell from its rules", edits: []edit{{allow,
		`if bus == "default" || a.RulePrefix == everyName ||`, `if true || bus == "default" || a.RulePrefix == everyName ||`}}},
	{name: "what was disabled before the prefix changed can't be enabled", edits: []edit{{wiring, `
              - Sid: Restore # whatever the prefix says, as in start's role
                Effect: Allow
                Action:
                  - events:DescribeRule
                  - events:EnableRule
                Resource: !Sub arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/*`, `
              - Sid: Restore # whatever the prefix says, as in start's role
                Effect: Allow
                Action:
                  - events:DescribeRule
                  - events:EnableRule
                Resource: !Sub arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/${RulePrefix}*`}},
		test: "./tests/template TestWhatIsMutedCanAlwaysBeRestored", why: "a storm's stack isn't deployed anew while a run is under way"},
}
