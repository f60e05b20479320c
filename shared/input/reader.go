package input

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"quickstep/shared/sanitize"
)

// Flag reads true or false.
func Flag(into *bool) Reader {
	return func(m *Mistakes, field string, raw json.RawMessage) {
		if json.Unmarshal(raw, into) != nil {
			m.Refuse(field, "give true or false", "%s is neither true nor false", shown(raw))
		}
	}
}

// Time reads a time with its zone.
func Time(into *time.Time) Reader {
	return func(m *Mistakes, field string, raw json.RawMessage) {
		if json.Unmarshal(raw, into) != nil {
			m.Refuse(field, "give a time with its zone, such as 2026-01-05T04:00:00Z",
				"%s is no time", shown(raw))
		}
	}
}

// Whole reads a whole number within bounds. unit says of what, and what 0 or leaving it out means.
func Whole(into *int, least, most int, unit string) Reader {
	want := fmt.Sprintf("give %d to %d%s, a whole number without quotes", least, most, unit)
	return func(m *Mistakes, field string, raw json.RawMessage) {
		var n int
		switch err := json.Unmarshal(raw, &n); {
		case err != nil:
			m.Refuse(field, want, "%s is no such number", shown(raw))
		case n < least || n > most:
			m.Refuse(field, want, "%d is out of bounds", n)
		default:
			*into = n
		}
	}
}

// OrZero takes 0 for leaving the field out, as earlier versions did.
func OrZero(read Reader) Reader {
	return func(m *Mistakes, field string, raw json.RawMessage) {
		if string(raw) != "0" {
			read(m, field, raw)
		}
	}
}

// Share reads an amount: from least to most things, or from the least percentage to 100 % of all.
func Share(into *Amount, least, most int, things string) Reader {
	want := fmt.Sprintf(`give %d to %d %s, or "%d%%" to "100%%"`, least, most, things, least)
	return func(m *Mistakes, field string, raw json.RawMessage) {
		var a Amount
		switch err := json.Unmarshal(raw, &a); {
		case err != nil:
			m.Refuse(field, want, "%s is no such amount", shown(raw))
		case a.N < least || (!a.Percent && a.N > most):
			m.Refuse(field, want, "%s is out of bounds", a)
		default:
			*into = a
		}
	}
}

// Bounds are those of a duration.
type Bounds struct {
	Least, Most time.Duration
	Zero        bool // zero is the same as leaving it out
}

// Contains says whether a duration is within the bounds.
func (b Bounds) Contains(d Duration) bool {
	return time.Duration(d) >= b.Least && time.Duration(d) <= b.Most
}

// Want says what would be within them.
func (b Bounds) Want() string {
	return fmt.Sprintf("give %q to %q, in quotes and with the unit: ms, s, m or h",
		Duration(b.Least), Duration(b.Most))
}

// Length reads a duration within bounds.
func Length(into *Duration, b Bounds) Reader {
	return func(m *Mistakes, field string, raw json.RawMessage) {
		var d Duration
		switch err := json.Unmarshal(raw, &d); {
		case err != nil:
			m.Refuse(field, b.Want(), "%s is no such duration", shown(raw))
		case d == 0 && b.Zero:
		case !b.Contains(d):
			m.Refuse(field, b.Want(), "%s is out of bounds", d)
		default:
			*into = d
		}
	}
}

// Word reads one of some words. what is the kind of thing that they are.
func Word(into *string, what string, words ...string) Reader {
	return func(m *Mistakes, field string, raw json.RawMessage) {
		var s string
		if json.Unmarshal(raw, &s) == nil && slices.Contains(words, s) {
			*into = s
			return
		}
		m.Refuse(field, meant(s, words, "give "+Either(words)), "%s is no %s", shown(raw), what)
	}
}

// Words reads a list of some words, one at least; fault says what is wrong with others. They are
// sorted, and each is kept once.
func Words(into *[]string, fault Fault, words ...string) Reader {
	return func(m *Mistakes, field string, raw json.RawMessage) {
		list, ok := texts(m, field, raw, len(words), "such as "+Either(words))
		if !ok {
			return
		}
		var wrong []string
		want := "give some of " + strings.Join(words, ", ")
		for _, s := range list {
			if s.ok && slices.Contains(words, s.text) {
				continue
			}
			if len(wrong) == 0 {
				want = meant(s.text, words, want)
			}
			wrong = append(wrong, s.raw)
		}
		if len(wrong) > 0 {
			m.Refuse(field, want, "%s", are(wrong, fault))
			return
		}
		*into = unique(list)
	}
}

// Either joins words: "required, whenManaged or off".
func Either(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// item is one of a list, as it is written and as text, if it is that.
type item struct {
	raw, text string
	ok        bool
}

// texts reads a list of texts, of at most so many; want says more of them.
func texts(m *Mistakes, field string, raw json.RawMessage, most int, want string) (list []item,
	ok bool) {
	var all []json.RawMessage
	if json.Unmarshal(raw, &all) != nil {
		m.Refuse(field, fmt.Sprintf("give a list of up to %d texts, %s", most, want),
			"%s is no list", shown(raw))
		return nil, false
	}
	if len(all) > most {
		m.Refuse(field, fmt.Sprintf("give %d at most", most), "%d are too many", len(all))
		return nil, false
	}
	for _, one := range all {
		i := item{raw: shown(one)}
		i.ok = string(one) != "null" && json.Unmarshal(one, &i.text) == nil
		list = append(list, i)
	}
	return list, true
}

func unique(list []item) []string {
	all := make([]string, 0, len(list))
	for _, i := range list {
		all = append(all, i.text)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// are says what things are: `"web" is no instance id`, `"web" and "app" are no instance ids`.
func are(things []string, f Fault) string {
	const most = 5
	if len(things) == 1 {
		return things[0] + " " + f.One
	}
	return Some(things, most) + " " + f.Many
}

// mostQuoted is how many bytes of a value an error repeats: AWS's longest ids and ARNs are whole.
const mostQuoted = 150

// shown is a value as it is written, as far as an error repeats it.
func shown(raw []byte) string { return sanitize.Middle(string(raw), mostQuoted, "…") }
