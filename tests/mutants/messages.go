package main

// Files of how messages are taken up.
const (
	hop    = "shared/choreo/hop.go"
	kind   = "shared/choreo/kind.go"
	letter = "shared/choreo/letter.go"
)

// messages are the bugs of what is believed of a message: from which queue, of what, and when.
var messages = []mutant{
	{name: "a message of another queue taken up", edits: []edit{{kind, `case queue != m.Queue:`, `case false && queue != m.Queue:`}}},
	{name: "an item of another kind decoded and written", edits: []edit{{mover,
		`if why := m.stray(msg); why != "" {`, `if why := m.stray(msg); false && why != "" {`},
		{kind, `if err == nil && rev != 0 && k.Key(item) != key {`, `if err == nil && rev != 0 && false {`}}},
	{name: "a message taken up before its item is due", edits: []edit{{mover,
		`case p.Nudge == 0 && now.Before(p.Due):`, `case false && now.Before(p.Due):`}}},
	{name: "a message that waits without looking at its item", edits: []edit{{hop,
		`if msg.NotBefore.Sub(now) > MaxDelay {`, `if false && msg.NotBefore.Sub(now) > MaxDelay {`}}},
	{name: "letters given back without the bound of a minute", edits: []edit{{letter,
		`case now.Before(p.Redelivered.Add(redeliverEvery)):`, `case false && now.Before(p.Redelivered.Add(redeliverEvery)):`}}},
	{name: "a letter that uses up a nudge", edits: []edit{{letter, `
	return m.redeliver(ctx, owner, msg, item, rev, now)`, `
	_, err = m.nudger(owner).Nudge(ctx, msg.Key, rev, item, now, 0)
	return err`}}},
	{name: "a letter given back under somebody's lease", edits: []edit{{letter, `case p.Leased(now):`, `case false && p.Leased(now):`}}},
}
