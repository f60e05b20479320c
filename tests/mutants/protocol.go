package main

// Files in which mutants are planted.
const (
	act       = "shared/choreo/act.go"
	advance   = "shared/rolling/advance.go"
	check     = "shared/rolling/check.go"
	claim     = "shared/choreo/claim.go"
	commit    = "shared/choreo/commit.go"
	control   = "shared/rolling/control.go"
	drain     = "shared/rolling/drain.go"
	finish    = "shared/rolling/finish.go"
	proof     = "shared/rolling/proof.go"
	findings  = "shared/rolling/findings.go"
	checkHTTP = "shared/rolling/check_http.go"
	locks     = "shared/rolling/locks.go"
	gate      = "shared/run/gate.go"
	ledger    = "shared/ledger/ledger.go"
	mover     = "shared/choreo/mover.go"
	mute      = "shared/rolling/mute.go"
	nudge     = "shared/choreo/redeliver.go"
	starting  = "shared/rolling/starting.go"
	reboot    = "shared/rolling/reboot.go"
	rejoin    = "shared/rolling/rejoin.go"
	runs      = "shared/run/run.go"
	records   = "shared/rolling/store.go"
	start     = "shared/rolling/start.go"
	triage    = "shared/rolling/triage.go"
	watchdog  = "shared/rolling/watchdog.go"
	wiring    = "template.yaml"
)

// The leases that template.yaml gives, before the name of the variable that follows.
const (
	leased = "LEASE: 90s # outlives the timeout\n"
	short  = "LEASE: 9s # outlives the timeout\n"
)

var tables = [][]mutant{
	protocol, leaving, way, counting, quiet,
	evidence, messages, unplayed, mutes, standing, words, survivors, refused, patchWindow, patchMail, patchFound, patchWhen, patchReview,
}

// protocol are the bugs of claim, act, commit, send. A write loses its condition by taking whatever revision the
// document has by then.
var protocol = []mutant{
	{name: "claim without its condition", edits: []edit{{claim, `
	p.Tries++
	err = w.Save(ctx)`, `
	p.Tries++
	if docs, readErr := m.Ledger.Get(ctx, msg.Key); readErr == nil && len(docs) == 1 {
		w.rev = docs[0].Rev
	}
	err = w.Save(ctx)`}}},
	{name: "claim that doesn't look at the lease", edits: []edit{{claim, `case p.Leased(now):`, `case false:`}}},
	{name: "one's own lease taken for another's", edits: []edit{{ledger,
		`case !w.Delete && len(docs) == 1 &&`, `case false && !w.Delete && len(docs) == 1 &&`}}},
	{name: "commit without its lease", edits: []edit{{commit, `
	own := w.put(item)`, `
	if docs, readErr := m.Ledger.Get(ctx, w.Key); readErr == nil && len(docs) == 1 {
		w.rev = docs[0].Rev
	}
	own := w.put(item)`}}},
	{name: "send before commit", edits: []edit{{commit, `
		err = m.write(ctx, w, item, with)
`, `
		m.sendAfterCommit(ctx, log, w, item, with)
		err = m.write(ctx, w, item, with)
`}, {commit, `
			m.sendAfterCommit(ctx, log, w, item, with)
			return out, false, nil`, `
			return out, false, nil`}}},
	{name: "nudge without its condition", edits: []edit{{nudge, `
	mark := fmt.Sprintf("%s#nudge`, `
	if docs, readErr := r.Ledger.Get(ctx, key); readErr == nil && len(docs) == 1 {
		rev = docs[0].Rev
	}
	mark := fmt.Sprintf("%s#nudge`}}},
	{name: "a stale message acted upon", edits: []edit{{claim,
		`case p.N != msg.N || p.Redeliveries != msg.Redeliveries:`, `case p.N < msg.N:`}}},
	{name: "a stale message acted upon by an earlier step", edits: []edit{{claim,
		`case p.N != msg.N || p.Redeliveries != msg.Redeliveries:`, `case p.N < msg.N:`}, {claim, `case p.Step != msg.Step:`, `case false:`}}},
	{name: "lease shorter than the timeout", edits: []edit{
		{wiring, leased + "          DRAIN_QUEUE", short + "          DRAIN_QUEUE"}, {wiring, leased + "          REBOOT_QUEUE", short + "          REBOOT_QUEUE"},
		{wiring, leased + "          CHECK_QUEUE", short + "          CHECK_QUEUE"}, {wiring, leased + "          REJOIN_QUEUE", short + "          REJOIN_QUEUE"},
		{wiring, leased + "          FINISH_QUEUE", short + "          FINISH_QUEUE"}, {wiring, leased + "          START_QUEUE", short + "          START_QUEUE"}}},
	{name: "triage without a claim", edits: []edit{{claim, `
	p.Lease = Lease{Owner: owner,`, `
	if p.Step == Failing {
		return w, "", nil
	}
	p.Lease = Lease{Owner: owner,`}}},
	{name: "errors that come again by redelivery", edits: []edit{{act, `return m.retryOrFail(ctx, w, err), nil`, `return out, err`}}},
	{name: "a nudge that takes a live lease", edits: []edit{{nudge, `
	p := item.Pos()
	if p.Leased(now) {
		return false, nil
	}
	if p.Redeliveries`, `
	p := item.Pos()
	if p.Redeliveries`}, {watchdog, `if a.Overdue(now) {`, `if !a.Due.IsZero() && now.After(a.Due) {`}}},
	{name: "nudges without a bound", edits: []edit{{nudge, `MaxRedeliveries   = 9`, `MaxRedeliveries   = 1 << 30`}}},
	{name: "watchdog that skips paused runs", edits: []edit{{watchdog, `
	if a.Overdue(now) {`, `
	if r, _, err := (store{d.Ledger}).run(ctx, a.Run); err == nil && !r.Paused.IsZero() {
		return 0, nil
	}
	if a.Overdue(now) {`}}},
	{name: "watchdog that leaves who waits without a clock", edits: []edit{{watchdog,
		`return r.Paused.IsZero() && i.Step`, `return false && r.Paused.IsZero() && i.Step`}}},
	{name: "tries without a bound", edits: []edit{{mover, `MaxTries = 5`, `MaxTries = 1 << 30`}}},
}
