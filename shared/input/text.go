package input

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Fault is what is wrong with a text, said of one and of several: "is no instance id", "are no
// instance ids".
type Fault struct{ One, Many string }

// Form is what a text must look like.
type Form struct {
	Most  int            // characters, as AWS counts them
	Match *regexp.Regexp // nil: any text without control characters
	Want  string         // in words, with its bounds and an example
	Fault Fault          // of those that don't match
	Empty bool           // an empty text is the same as leaving it out
	// Check finds what else is wrong with a text that matches; nil: nothing.
	Check func(string) (Fault, bool)
}

var control = regexp.MustCompile(`[\x00-\x1f\x7f]`)

// RequestID is the form of the id by which a request that is sent twice is one.
var RequestID = Form{Most: 1024, Match: regexp.MustCompile(`(?s).`),
	Want: "a text of up to 1024 characters", Empty: true}

// wrong says what is wrong with a text, if something is.
func (f Form) wrong(s string) (Fault, bool) {
	switch n := utf8.RuneCountInString(s); {
	case s == "":
		return Fault{"is an empty name", "are empty names"}, true
	case n > f.Most:
		long := fmt.Sprintf("longer than %d characters", f.Most)
		return Fault{"is " + long, "are " + long}, true
	case f.Match != nil && !f.Match.MatchString(s):
		return f.Fault, true
	case f.Match == nil && control.MatchString(s):
		return Fault{"has control characters, such as line breaks",
			"have control characters, such as line breaks"}, true
	}
	if f.Check != nil {
		return f.Check(s)
	}
	return Fault{}, false
}

// Text reads a text of a form.
func Text(into *string, f Form) Reader {
	return func(m *Mistakes, field string, raw json.RawMessage) {
		var s string
		if json.Unmarshal(raw, &s) != nil {
			m.Refuse(field, "give "+f.Want, "%s is no text", shown(raw))
			return
		}
		if s == "" && f.Empty {
			return
		}
		if fault, wrong := f.wrong(s); wrong {
			m.Refuse(field, "give "+f.Want, "%s %s", shown(raw), fault.One)
			return
		}
		*into = s
	}
}

// List reads a list of texts of a form, of at most so many.
func List(into *[]string, most int, f Form) Reader {
	return func(m *Mistakes, field string, raw json.RawMessage) {
		list, ok := texts(m, field, raw, most, f.Want)
		if !ok {
			return
		}
		all := make([]string, 0, len(list))
		wrong, order := map[Fault][]string{}, []Fault{}
		for _, i := range list {
			fault, bad := Fault{"is no text", "are no texts"}, !i.ok
			if i.ok {
				fault, bad = f.wrong(i.text)
			}
			if !bad {
				all = append(all, i.text)
				continue
			}
			if wrong[fault] == nil {
				order = append(order, fault)
			}
			wrong[fault] = append(wrong[fault], i.raw)
		}
		if len(order) == 0 {
			*into = all
			return
		}
		problems := make([]string, 0, len(order))
		for _, fault := range order {
			problems = append(problems, are(wrong[fault], fault))
		}
		m.Refuse(field, "give "+f.Want, "%s", strings.Join(problems, "; "))
	}
}

// Set is List; the texts are sorted, and each is kept once.
func Set(into *[]string, most int, f Form) Reader {
	read := List(into, most, f)
	return func(m *Mistakes, field string, raw json.RawMessage) {
		read(m, field, raw)
		slices.Sort(*into)
		*into = slices.Compact(*into)
	}
}

// What AWS allows of tags: EC2 takes 50 of an instance, keys of 128 characters, values of 256.
const (
	MaxTags     = 50
	maxTagKey   = 128
	maxTagValue = 256
)

// Tags reads tags that choose instances. Their values may hold the wildcards of EC2's filters, *
// and ?, but not these alone.
func Tags(into *map[string]string) Reader {
	want := fmt.Sprintf(
		`give up to %d keys, of 1 to %d characters, with values of 1 to %d, such as {"Role":"web"}`,
		MaxTags,
		maxTagKey,
		maxTagValue,
	)
	return func(m *Mistakes, field string, raw json.RawMessage) {
		var given map[string]json.RawMessage
		switch {
		case json.Unmarshal(raw, &given) != nil:
			m.Refuse(field, want, "%s is no JSON object", shown(raw))
			return
		case len(given) > MaxTags:
			m.Refuse(field, want, "%d tags are too many", len(given))
			return
		}
		tags := make(map[string]string, len(given))
		var problems []string
		for _, key := range slices.Sorted(maps.Keys(given)) {
			value, why := tag(key, given[key])
			if tags[key] = value; why != "" {
				problems = append(problems, why)
			}
		}
		if len(problems) > 0 {
			m.Refuse(field, want, "%s", Some(problems, 3))
			return
		}
		*into = tags
	}
}

func tag(key string, raw json.RawMessage) (value, why string) {
	written := fmt.Sprintf("{%.80q:%s}", key, shown(raw))
	isText := string(raw) != "null" && json.Unmarshal(raw, &value) == nil
	switch {
	case key == "":
		return "", written + " has no key"
	case utf8.RuneCountInString(key) > maxTagKey || utf8.RuneCountInString(value) > maxTagValue:
		return "", fmt.Sprintf("%.40q is too long", key+"="+value)
	case !isText:
		return "", fmt.Sprintf("in %s, %s is no text", written, shown(raw))
	case control.MatchString(key + value):
		return "", written + " has control characters"
	case strings.Trim(value, "*? ") == "":
		return "", written + " would choose nothing, or nearly every instance"
	}
	return value, ""
}
