package main

// counting are the bugs of tokens, locks and what one run leaves to the next.
var counting = []mutant{
	{name: "token freed when an instance fails out of service", edits: []edit{{runs, `
	if i.Step == Failed && i.Out() {
		r.Tokens`, `
	if false && i.Step == Failed && i.Out() {
		r.Tokens`}}},
	{name: "OUT instances forgotten by the next run", edits: []edit{{starting, `
		if shared {
			tokens`, `
		if false && shared {
			tokens`}}},
	{name: "OUT read before the locks are held", edits: []edit{{start, `
	limits(r, plan, f.size())
	a := `, `
	limits(r, plan, f.size())
	if r.Tokens, _, _, err = (Starting{Deps: s.Deps}).count(ctx, store{s.Ledger}, r, plan); err != nil {
		return StartResult{}, err
	}
	a := `}, {starting, `tokens, total, skipped, err := s.count(`, `_, total, skipped, err := s.count(`},
		{starting, `r.Opened, r.Total, r.Tokens = w.Now, total, tokens`, `r.Opened, r.Total = w.Now, total`}}},
	{name: "an OUT instance forgotten once it is registered", edits: []edit{{starting,
		`t.Registered() && (t.Healthy() || !c.Healthy)`, `t.Registered()`}}},
	{name: "start's put without \"if absent\"", edits: []edit{{starting, `if there[m.ID] {`, `if false && there[m.ID] {`}, {starting, `
		writes = append(writes, ledger.Put(instanceKey(w.Item.Run, m.ID), 0, i))`, `
		rev, err := ledger.Read(ctx, s.Ledger, instanceKey(w.Item.Run, m.ID), newInstance())
		if err != nil {
			return err
		}
		writes = append(writes, ledger.Put(instanceKey(w.Item.Run, m.ID), rev, i))`}},
		equivalent: "each put is in a transaction that requires start's own lease, and nothing moves before start gives it back: what is put over is what an earlier try of the same start has put"},
	{name: "start's put without \"if absent\", nor its lease", edits: []edit{{starting, `if there[m.ID] {`, `if false && there[m.ID] {`}, {starting, `
		writes = append(writes, ledger.Put(instanceKey(w.Item.Run, m.ID), 0, i))`, `
		rev, err := ledger.Read(ctx, s.Ledger, instanceKey(w.Item.Run, m.ID), newInstance())
		if err != nil {
			return err
		}
		writes = append(writes, ledger.Put(instanceKey(w.Item.Run, m.ID), rev, i))`}, {starting, `append([]ledger.Write{w.LeaseHeld()}, chunk...)`, `chunk`}}},
	{name: "locks taken from whoever holds them", edits: []edit{{start, `
		writes = append(writes, ledger.Put(key, 0, lock))`, `
		rev, err := ledger.Read(ctx, s.Ledger, key, &run.Lock{})
		if err != nil {
			return err
		}
		writes = append(writes, ledger.Put(key, rev, lock))`}}},
	{name: "lock deleted without looking whose", edits: []edit{{locks, `if l.Run == id {`, `if id != "" {`}},
		equivalent: "whoever deletes a lock writes in the same transaction what the lock belongs to (the run's position, the instance's, the OUT item), and while that stands as it was read, nobody else can have taken the lock"},
	{name: "hand-on to an instance already taken", edits: []edit{{records, `if r.Cursor != "" {`, `if false && r.Cursor != "" {`},
		{records, `h.Step == run.StepWaiting && len(next) < n {`, `!h.Ended() && len(next) < n {`}}},
	{name: "a last holder whose end doesn't move the run", edits: []edit{{advance, `if r.Over() {`, `if r.Over() && active != nil {`}}},
	{name: "an open run that never asks whether it is over", edits: []edit{{advance, `if r.Over() {`, `if r.Over() && active == nil {`}}},
	{name: "one failure too many doesn't end admission", edits: []edit{{runs,
		`r.Failed > r.MaxErrors {`, `false && r.Failed > r.MaxErrors {`}}},
	{name: "a gate that stays closed without an end", edits: []edit{{finish,
		`now.Sub(r.ClosedSince) >= limit {`, `false {`}}},
}
