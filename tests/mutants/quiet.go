package main

// quiet are the bugs of muting and restoring.
var quiet = []mutant{
	{name: "restore forgotten on cancel", edits: []edit{{finish, `
	offErr := f.Muter.Restore(ctx, w, plan)
`, `
	var offErr error
	if r.Stopped != "cancelled by an operator" {
		offErr = f.Muter.Restore(ctx, w, plan)
	}
`}}},
	{name: "MUTE deleted before the rule is enabled", edits: []edit{{mute, `
	if err := m.Rules.Enable(ctx, rule); err != nil {
		return fmt.Errorf("enable rule %s: %w", rule.Name, err)
	}
	free :=`, `
	free :=`}, {mute, `
		return fmt.Errorf("forget that rule %s was muted: %w", rule.Name, err)
	}
	return nil`, `
		return fmt.Errorf("forget that rule %s was muted: %w", rule.Name, err)
	}
	if err := m.Rules.Enable(ctx, rule); err != nil {
		return fmt.Errorf("enable rule %s: %w", rule.Name, err)
	}
	return nil`}}},
	{name: "mute written down after it is applied", edits: []edit{{mute, `
		err = ledger.Apply(ctx, m.Ledger, w.Mark(), ledger.Put(muteKey(rule), rev, muted), w.LeaseHeld())
		if err == nil {
			return m.disable(ctx, rule)
		}`, `
		if err := m.disable(ctx, rule); err != nil {
			return err
		}
		err = ledger.Apply(ctx, m.Ledger, w.Mark(), ledger.Put(muteKey(rule), rev, muted), w.LeaseHeld())
		if err == nil {
			return nil
		}`}}},
	{name: "a rule that was off is turned on", edits: []edit{{mute, `if !found.Enabled {`, `if !found.Enabled && false {`}}},
	{name: "a rule restored though another run holds it", edits: []edit{{mute,
		`muted.Restoring = len(muted.Runs) == 0`, `muted.Restoring, muted.Runs = true, nil`}}},
	{name: "mute that isn't prolonged", edits: []edit{{mute, `muteRenew = 30 * time.Minute`, `muteRenew = -24 * time.Hour`}}},
	{name: "a mute's rules deleted but the last", edits: []edit{{mute, `for q.Deleted < q.Generation {`, `for q.Deleted+1 < q.Generation {`}}},
}
