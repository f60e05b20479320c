package main

// way are the bugs of reboot, check and rejoin.
var way = []mutant{
	{name: "reboot without the last reading", edits: []edit{{reboot, `busy, err := r.reached(ctx, w, run.NewFinder(plan.Request.NotOurs, *m))`, `busy := ""`}}},
	{name: "check that accepts the old boot", edits: []edit{{proof, `
	case run.OldBoot:
		return "the instance is still on its old boot", wait, nil
	case`, `
	case`}}},
	{name: "second reboot after a lost reply once it has rejoined", edits: []edit{{proof,
		`if i.RebootCalls > 1 && rest > 0 {`, `if false && i.RebootCalls > 1 && rest > 0 {`}}},
	{name: "reboot asked for again though a new boot was seen", edits: []edit{{reboot,
		`
	return choreo.Next[*run.Instance](run.StepCheck, 0), true, nil
}`, `
	return out, false, nil
}`}}},
	{name: "reboot that isn't written down before the call", edits: []edit{{reboot, `
	if err := w.Save(ctx); err != nil {
		unasked()
		return instanceOutcome{}, err
	}

	err := r.EC2.Reboot(ctx, i.ID)`, `
	err := r.EC2.Reboot(ctx, i.ID)`}}},
	{name: "five minutes counted from the first reboot call", edits: []edit{{proof,
		`rest := i.RebootedAt.Add(run.HungReboot)`, `rest := i.RebootAskedAt.Add(run.HungReboot)`}}},
	{name: "no five minutes where no boot id can be read", edits: []edit{{proof,
		`if i.Boot.Old == "" && i.SeenDown.IsZero() && rest > 0 {`, `if false && i.Boot.Old == "" && i.SeenDown.IsZero() && rest > 0 {`}}},
	{name: "register repeated in await", edits: []edit{{rejoin, `
	seen, err := r.read(ctx, i)`, `
	for _, g := range byGroup(i) {
		_ = r.Targets.Register(ctx, g.arn, g.targets)
	}
	seen, err := r.read(ctx, i)`}}},
	{name: "token handed on before the instance is healthy", edits: []edit{{rejoin,
		`case c.Healthy:`, `case false:`}}},
	{name: "a failed instance that was never rebooted is left out", edits: []edit{{triage, `if i.GoesBack() {`, `if false {`}}},
	{name: "people are told again each time triage comes", edits: []edit{{triage, `if !i.Failure.Announced {`, `if i.Failure != nil {`}}},
	{name: "a failure that nobody is told of", edits: []edit{{advance,
		`i.Failure != nil && !i.Failure.Announced {`, `i.Failure != nil && false {`}}},
}
