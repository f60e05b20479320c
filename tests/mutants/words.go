package main

// Files in which words are chosen.
const (
	failureMail = "shared/notify/failure.go"
	sanitizing  = "shared/sanitize/sanitize.go"
)

// words are the bugs of what people are told and answered: text from outside, false words, ids that were used.
var words = []mutant{
	{name: "text from outside as it came", edits: []edit{{sanitizing, `return Cut(s, MaxText) }`, `return s }`}}},
	{name: "text from outside with its line breaks", edits: []edit{{sanitizing, `
			blank = true
`, `
			blank = r != '\n'
			if !blank {
				b.WriteRune(r)
			}
`}}},
	{name: "text from outside with what can't be seen", edits: []edit{{sanitizing, `case invisible(r):
		case`, `case false:
		case`}}},
	{name: "text from outside with a chat's markup", edits: []edit{{sanitizing, `if !strings.ContainsAny(s, "<]@") {`, `if true {`}}},
	{name: "text from outside of any length", edits: []edit{{sanitizing, `case len(text) <= most:`, `case true:`}}},
	{name: "an id that was used taken for the same request", edits: []edit{{start,
		`if r.Digest != "" && r.Digest != asked.Digest() {`, `if false {`}}},
	{name: "a run that goes on whoever holds its last token", edits: []edit{{failureMail, `if after.Over() {`, `if false {`}}},
	{name: "a run that goes on although it admits nobody", edits: []edit{{failureMail, `if after.Stopped != "" {`, `if false {`}}},
	{name: "out of service since it failed", edits: []edit{{advance, `Since: i.LeftAt,`, `Since: i.EndedAt,`}}},
	{name: "a deleted target group taken for somebody's doing", edits: []edit{{rejoin, `
			seen.deleted = append(seen.deleted, g.arn)
			continue`, `
			targets, err = nil, nil`}}},
	{name: "who is done and unhealthy isn't named", edits: []edit{{rejoin,
		`i.BackAt, i.Unhealthy = now, unhealthy`, `i.BackAt = now`}}},
}
