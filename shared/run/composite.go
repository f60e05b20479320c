package run

import (
	"slices"
	"strings"
)

// Composite is a composite alarm, as far as it may depend on others.
type Composite struct {
	Name string
	Rule string // the expression over other alarms, in CloudWatch's language
	Acts bool   // it has actions, and they are enabled
}

// Dependent is a composite alarm that may act because of a muted alarm's state.
type Dependent struct {
	Name string `json:"name"`
	On   string `json:"on"` // the muted alarm that it depends on, maybe through other composite alarms
}

// Dependents are the composite alarms that can act, aren't muted, and depend on muted ones, sorted
// by name: muting keeps an alarm's actions off, and not its state from those that read it.
func Dependents(composites []Composite, muted []string) []Dependent {
	on := map[string]string{} // by alarm: the muted one that it depends on, or is
	for _, name := range muted {
		on[name] = name
	}
	references := make([][]string, len(composites))
	for n, c := range composites {
		references[n] = References(c.Rule)
	}

	for more := true; more; {
		more = false
		for n, c := range composites {
			if on[c.Name] != "" {
				continue
			}
			at := slices.IndexFunc(references[n], func(name string) bool { return on[name] != "" })
			if at >= 0 {
				on[c.Name], more = on[references[n][at]], true
			}
		}
	}

	var found []Dependent
	for _, c := range composites {
		if of := on[c.Name]; c.Acts && of != "" && of != c.Name {
			found = append(found, Dependent{Name: c.Name, On: of})
		}
	}
	slices.SortFunc(found, func(a, b Dependent) int { return strings.Compare(a.Name, b.Name) })
	return found
}

// References are the names of the alarms that a composite alarm's rule refers to, in the order in
// which they come: ALARM(name), OK("name"), INSUFFICIENT_DATA("arn:…"), AT_LEAST(2, ALARM, (a, b)).
// Of a rule that can't be read it finds what it can.
func References(rule string) []string {
	var names []string
	r := ruleReader{rule}
	for r.text != "" {
		word := r.word()
		switch {
		case word == "":
			r.skip()
		case !r.open():
		case strings.EqualFold(word, "AT_LEAST"):
			names = append(names, r.atLeast()...)
		case isState(word):
			names = append(names, r.list()...)
		}
	}
	return names
}

func isState(word string) bool {
	return slices.ContainsFunc([]string{"ALARM", "OK", "INSUFFICIENT_DATA"}, func(state string) bool {
		return strings.EqualFold(word, state)
	})
}

// ruleReader reads a rule from left to right.
type ruleReader struct{ text string }

// word takes a word of letters and underscores, if one is next.
func (r *ruleReader) word() string {
	end := strings.IndexFunc(r.text, func(c rune) bool {
		return c != '_' && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
	})
	if end < 0 {
		end = len(r.text)
	}
	word := r.text[:end]
	r.text = r.text[end:]
	return word
}

// skip takes a quoted text, or one byte of anything else.
func (r *ruleReader) skip() {
	if r.text[0] == '"' {
		r.quoted()
		return
	}
	r.text = r.text[1:]
}

// open takes a parenthesis, if one is next but for spaces.
func (r *ruleReader) open() bool {
	rest, ok := strings.CutPrefix(strings.TrimLeft(r.text, " \t\r\n"), "(")
	if ok {
		r.text = rest
	}
	return ok
}

// atLeast takes what follows "AT_LEAST(": a threshold, a state, and a list in parentheses.
func (r *ruleReader) atLeast() []string {
	for r.text != "" && r.text[0] != '(' && r.text[0] != ')' {
		r.skip()
	}
	if !r.open() {
		return nil
	}
	return r.list()
}

// list takes names with commas between them, up to the parenthesis that closes the list.
func (r *ruleReader) list() []string {
	var names []string
	for {
		name, quoted := r.name()
		if name != "" && (quoted || strings.TrimSpace(name) != "") {
			names = append(names, alarmName(name, quoted))
		}
		if r.text == "" {
			return names
		}
		closes := r.text[0] == ')'
		r.text = r.text[1:]
		if closes {
			return names
		}
	}
}

// name takes a name up to the comma or the parenthesis that ends it. Parentheses within a name that
// isn't quoted come in pairs.
func (r *ruleReader) name() (name string, quoted bool) {
	r.text = strings.TrimLeft(r.text, " \t\r\n")
	if strings.HasPrefix(r.text, `"`) {
		name = r.quoted()
		if end := strings.IndexAny(r.text, ",)"); end >= 0 {
			r.text = r.text[end:]
		} else {
			r.text = ""
		}
		return name, true
	}
	depth := 0
	for at := range len(r.text) {
		switch c := r.text[at]; {
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case c == ')' || (c == ',' && depth == 0):
			name, r.text = r.text[:at], r.text[at:]
			return name, false
		}
	}
	name, r.text = r.text, ""
	return name, false
}

// quoted takes a text in quotation marks, in which a backslash escapes the next byte.
func (r *ruleReader) quoted() string {
	var b strings.Builder
	for at := 1; at < len(r.text); at++ {
		switch c := r.text[at]; {
		case c == '\\' && at+1 < len(r.text):
			at++
			b.WriteByte(r.text[at])
		case c == '"':
			r.text = r.text[at+1:]
			return b.String()
		default:
			b.WriteByte(c)
		}
	}
	r.text = ""
	return b.String()
}

// alarmName is the name in an alarm's ARN, arn:aws:cloudwatch:region:account:alarm:name, or the
// name itself.
func alarmName(reference string, quoted bool) string {
	if !quoted {
		reference = strings.TrimSpace(reference)
	}
	if f := strings.SplitN(reference, ":", 7); len(f) == 7 && f[0] == "arn" && f[5] == "alarm" {
		return f[6]
	}
	return reference
}
