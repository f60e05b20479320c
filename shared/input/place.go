package input

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// at writes a place in a text as an editor shows it: lines and columns from 1 on, columns in
// characters.
func at(text []byte, offset int) string {
	before := text[:max(0, min(offset, len(text)))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	return fmt.Sprintf("line %d, column %d", line, column)
}

// blanks is how many bytes of white space, and of what stands between two JSON values, a text
// begins with.
func blanks(text []byte) int {
	return len(text) - len(bytes.TrimLeft(text, " \t\r\n,:"))
}

// twice is a field that is given twice in one object.
type twice struct {
	field        string // with those around it
	first, again int    // where its name begins
}

// nest is an object or a list that is being read.
type nest struct {
	seen map[string]int // the fields so far and where they begin; nil in a list
	name string         // of the field whose value comes next
	key  bool           // a field's name comes next
}

// duplicates finds the fields that are given twice, at any depth, so many at most: encoding/json takes
// the last, and others may take the first. The text has been read as JSON before.
func duplicates(text []byte, most int) (all []twice) {
	d := json.NewDecoder(bytes.NewReader(text))
	var open []*nest
	for {
		begin := int(d.InputOffset())
		token, err := d.Token()
		if err != nil || len(all) == most {
			return all
		}
		var in *nest
		if len(open) > 0 {
			in = open[len(open)-1]
		}
		switch {
		case token == json.Delim('{'):
			open = append(open, &nest{seen: map[string]int{}, key: true})
		case token == json.Delim('['):
			open = append(open, &nest{})
		case token == json.Delim('}'), token == json.Delim(']'):
			if open = open[:len(open)-1]; len(open) > 0 {
				in = open[len(open)-1]
				in.key = in.seen != nil
			}
		case in != nil && in.key:
			in.name, in.key = fmt.Sprint(token), false
			begin += blanks(text[begin:])
			first, again := in.seen[in.name]
			if again {
				all = append(all, twice{path(open), first, begin})
			} else {
				in.seen[in.name] = begin
			}
		case in != nil:
			in.key = in.seen != nil
		}
	}
}

// path is the field that is being read, with those around it.
func path(open []*nest) string {
	var names []string
	for _, n := range open {
		if n.seen != nil {
			names = append(names, n.name)
		}
	}
	return quoteEmpty(strings.Join(names, "."))
}

// meant asks whether one of the known words was meant, if one is near, before it says what would be
// right.
func meant(word string, known []string, want string) string {
	if near := nearest(word, known); near != "" {
		return "did you mean " + near + "? " + strings.ToUpper(want[:1]) + want[1:]
	}
	return want
}

// nearest is the known word that was probably meant: the same but for capital letters, or a third
// of its letters away at most.
func nearest(word string, known []string) string {
	if len(word) > 64 { // no word is as long, and the distance takes time
		return ""
	}
	best, least := "", 0
	for _, k := range slices.Sorted(slices.Values(known)) {
		d := distance(strings.ToLower(word), strings.ToLower(k))
		if d <= max(1, len(k)/3) && d < len(k) && (best == "" || d < least) {
			best, least = k, d
		}
	}
	return best
}

// distance is how many letters have to be put in, left out, replaced, or swapped with the next
// (optimal string alignment).
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	rows := make([][]int, len(s)+1)
	for i := range rows {
		rows[i] = make([]int, len(t)+1)
		rows[i][0] = i
	}
	for j := range t {
		rows[0][j+1] = j + 1
	}
	for i := range s {
		for j := range t {
			cost := 1
			if s[i] == t[j] {
				cost = 0
			}
			d := min(rows[i][j+1]+1, rows[i+1][j]+1, rows[i][j]+cost)
			if i > 0 && j > 0 && s[i] == t[j-1] && s[i-1] == t[j] {
				d = min(d, rows[i-1][j-1]+1)
			}
			rows[i+1][j+1] = d
		}
	}
	return rows[len(s)][len(t)]
}
