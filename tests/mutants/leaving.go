package main

// leaving are the bugs of the gate and of drain.
var leaving = []mutant{
	{name: "floor that ignores those leaving", edits: []edit{{gate, `case h.Absent():`, `case h.Out():`}}},
	{name: "mark taken back after leftAt", edits: []edit{{drain, `
			w.Item.Return = v.Reason
			return w.Next(run.StepRejoin, 0).Because(v.Reason), nil`, `
			w.Item.Capture, w.Item.LeftAt = nil, time.Time{}
			return d.waitAtGate(ctx, b, w, look, v)`}}},
	{name: "capture overwritten on a second try", edits: []edit{{drain, `
	return d.capture(ctx, b, w, look)
}

// capture begins`, `
	w.Item.Capture = look.Registrations()
	return d.capture(ctx, b, w, look)
}

// capture begins`}}},
	{name: "deregistered before the capture is written down", edits: []edit{{drain, `
	w.Item.InitialSince = time.Time{}
	if err := w.Save(ctx); err != nil {
		return instanceOutcome{}, err
	}
`, `
	w.Item.InitialSince = time.Time{}
`}}},
	{name: "floor percentage taken of the current size", edits: []edit{{gate, `
		if g := l.Plan.Groups[arn]; healthy < g.Floor {`, `
		g, size := l.Plan.Groups[arn], 0
		for _, t := range l.Targets[arn] {
			if t.Registered() {
				size++
			}
		}
		if g.Floor = l.Plan.Request.MinHealthy.Up(size); healthy < g.Floor {`}}},
	{name: "the gate isn't asked again after the mark", edits: []edit{{drain, `
	look.Marked = true
	if v := look.Decide(); v.Answer != run.Go {
		return d.waitAtGate(ctx, b, w, look, v)
	}
`, `
`}}},
	{name: "drain clock from the first deregistration", edits: []edit{{drain,
		`w.Item.GoneAt = choreo.After(d.Now())`, `w.Item.GoneAt = w.Item.LeftAt`}}},
	{name: "a network load balancer's tail isn't waited for", edits: []edit{{runs, `d = max(d, NetworkDelay)`, `d = max(d, 0)`}}},
	{name: "pause that lets instances leave", edits: []edit{{gate, `if !l.Run.Paused.IsZero() {`, `if false {`}}},
	{name: "an instance leaves before all is muted", edits: []edit{{gate, `if !l.Plan.Request.Mute.Empty() {`, `if false {`}}},
	{name: "a closed window isn't seen", edits: []edit{{gate, `!after.IsZero() {`, `false {`}}},
	{name: "resume that nudges nobody", edits: []edit{{control, `
	return did, c.redeliverAll(ctx, owner, cmd.Run, now)`, `
	if cmd.Command == "resume" {
		return did, nil
	}
	return did, c.redeliverAll(ctx, owner, cmd.Run, now)`}}},
	{name: "cancel writing an instance's position", edits: []edit{{control, `
		if h.Step == run.StepDrain && h.LeftAt.IsZero() && h.Redeliveries == 0 {`, `
		if r.Stopped != "" && h.Step == run.StepDrain {
			h.Position = choreo.Position{N: h.N + 1, Step: run.Skipped, Since: now, Reason: r.Stopped}
			all = append(all, ledger.Apply(ctx, c.Ledger, owner+"#cancel-"+h.ID, ledger.Put(instanceKey(id, h.ID), h.rev, h.Instance)))
			continue
		}
		if h.Step == run.StepDrain && h.LeftAt.IsZero() && h.Redeliveries == 0 {`}}},
}
