package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// speed is how many times as fast as the run the picture plays: nobody watches a README for a
	// minute.
	speed     = 2
	speedNote = "twice as fast"
	// advance is how wide a character is: most fonts of one width take three fifths of their height.
	advance, lineHeight, fontSize = 8.4, 19.0, 14.0
	left, top, right, bottom      = 18.0, 62.0, 18.0, 16.0
)

// change is a line of the terminal that reads otherwise from then on, as the demo records it.
type change struct {
	Seconds float64 `json:"seconds"`
	Row     int     `json:"row"`
	Text    string  `json:"text"`
}

// cell is a piece of a line that changes as one: words of one color, or a piece of a bar.
type cell struct {
	column int
	text   string
	class  string // one letter, see the style sheet; in capitals: a piece of a bar
}

// shown is a cell of a row, and when it stands there.
type shown struct {
	cell
	row      int
	from, to float64 // seconds of the picture; to is infinite for what is left at the end
}

const demoStyle = `
.w{fill:#0d1117;stroke:#3d444d}
.s{fill:#3d444d}
text{fill:#e6edf3;font:14px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre}
.b{fill:#fff;font-weight:bold}
.d{fill:#9198a1}
.r,.R{fill:#ff7b72}
.g,.G{fill:#56d364}
.y,.Y{fill:#e3b341}
.E{fill:#30363d}
.t>*{visibility:hidden}
@keyframes v{from,to{visibility:visible}}
@keyframes h{from,to{visibility:hidden}}
@media (prefers-reduced-motion:reduce){*{animation:none!important}}
`

const demoDescription = "A terminal on which make demo runs, " + speedNote + " as it does. A table has a " +
	"line for each of twelve instances. Three at a time leave service: each is drained, rebooted, " +
	"checked and registered again, then its turn goes to the next one. A bar and a counter show how " +
	"many are done, out of service and failed. One instance never comes back; it is reported, and the " +
	"others go on. It ends with: "

// drawDemo makes a picture that plays once of what the demo has recorded. Without motion it shows
// how the run ended.
func drawDemo(recording []byte) (string, error) {
	var r struct {
		Changes []change `json:"changes"`
	}
	if err := json.Unmarshal(recording, &r); err != nil {
		return "", err
	}
	if len(r.Changes) == 0 {
		return "", errors.New("nothing is recorded")
	}
	cells := intervals(r.Changes)
	rows, columns := 0, 0
	for _, s := range cells {
		rows, columns = max(rows, s.row+1), max(columns, s.column+utf8.RuneCountInString(s.text))
	}
	w, h := left+float64(columns)*advance+right, top+float64(rows)*lineHeight+bottom

	var c canvas
	last := plain(r.Changes[len(r.Changes)-1].Text)
	const title = "make demo: twelve instances are rebooted, and no request fails"
	c.begin(math.Ceil(w), math.Ceil(h), title, demoDescription+last+".", demoStyle)
	frame(&c, math.Ceil(w), math.Ceil(h))
	for n, group := range [][]shown{lasting(cells), passing(cells)} {
		c.open("g", attrs{"class", []string{"f", "t"}[n]})
		c.line()
		for _, s := range group {
			s.draw(&c)
		}
		c.close("g")
		c.line()
	}
	c.close("svg")
	c.line()
	return c.b.String(), nil
}

// frame is a window of its own color, so that its words can be read on any page.
func frame(c *canvas, w, h float64) {
	c.element("rect", attrs{"class", "w", "x", 0.5, "y", 0.5,
		"width", w - 1, "height", h - 1, "rx", 8.0}, "")
	for n := range 3 {
		x := left + 4 + 18*float64(n)
		c.element("circle", attrs{"class", "s", "cx", x, "cy", 20.0, "r", 5.0}, "")
	}
	c.element("text", attrs{"class", "d", "x", left + 72, "y", 25.0}, "$ make demo")
	c.element("text", attrs{"class", "d", "x", w - right, "y", 25.0, "text-anchor", "end"},
		speedNote)
	c.line()
}

// intervals finds out from when to when each cell stands where it does.
func intervals(changes []change) (all []shown) {
	current := map[int][]shown{} // by row
	for _, ch := range changes {
		at := math.Round(ch.Seconds/speed*100) / 100
		var next []shown
		for _, c := range split(ch.Text) {
			s := shown{c, ch.Row, at, math.Inf(1)}
			for _, old := range current[ch.Row] {
				if old.cell == c {
					s.from = old.from
				}
			}
			next = append(next, s)
		}
		for _, old := range current[ch.Row] {
			stays := func(s shown) bool { return s.cell == old.cell }
			if !slices.ContainsFunc(next, stays) && at > old.from {
				old.to = at
				all = append(all, old)
			}
		}
		current[ch.Row] = next
	}
	for _, row := range current {
		all = append(all, row...)
	}
	slices.SortFunc(all, func(a, b shown) int {
		return cmp.Or(cmp.Compare(a.row, b.row), cmp.Compare(a.column, b.column),
			cmp.Compare(a.from, b.from))
	})
	return all
}

func lasting(all []shown) []shown {
	return slices.DeleteFunc(slices.Clone(all), func(s shown) bool { return !math.IsInf(s.to, 1) })
}

func passing(all []shown) []shown {
	return slices.DeleteFunc(slices.Clone(all), func(s shown) bool { return math.IsInf(s.to, 1) })
}

var (
	colored = regexp.MustCompile("\x1b\\[([0-9;]*)m")
	words   = regexp.MustCompile(`\S+( \S+)*`)
	bar     = regexp.MustCompile(`\[#*\.*\]`)
	classes = map[string]string{"1": "b", "2": "d", "31": "r", "32": "g", "33": "y"}
)

func plain(line string) string { return colored.ReplaceAllString(line, "") }

// split cuts a line where its color changes and where two spaces stand side by side.
func split(line string) (cells []cell) {
	bars := bar.FindAllStringIndex(plain(line), -1)
	column, class := 0, ""
	for line != "" {
		text, rest := line, ""
		m := colored.FindStringSubmatchIndex(line)
		if m != nil {
			text, rest = line[:m[0]], line[m[1]:]
		}
		cells = append(cells, pieces(text, column, class, bars)...)
		column += utf8.RuneCountInString(text)
		if m != nil {
			class = classes[line[m[2]:m[3]]]
		}
		line = rest
	}
	return cells
}

// pieces are the cells of a text of one color.
func pieces(text string, column int, class string, bars [][]int) (cells []cell) {
	for _, at := range words.FindAllStringIndex(text, -1) {
		word := text[at[0]:at[1]]
		from := column + utf8.RuneCountInString(text[:at[0]])
		inside := func(b []int) bool { return from >= b[0] && from < b[1] }
		if !slices.ContainsFunc(bars, inside) {
			cells = append(cells, cell{from, word, class})
			continue
		}
		cells = append(cells, barPieces(word, from, class)...)
	}
	return cells
}

// barPieces are the full and the empty part of a bar, without its brackets, and words that follow it.
func barPieces(word string, column int, class string) (cells []cell) {
	for word != "" {
		end := 1
		for end < len(word) && word[end] == word[0] && word[0] != '[' && word[0] != ']' {
			end++
		}
		switch word[0] {
		case '#':
			cells = append(cells, cell{column, word[:end], strings.ToUpper(class)})
		case '.':
			cells = append(cells, cell{column, word[:end], "E"})
		case '[', ']', ' ':
		default:
			return append(cells, cell{column, word, class})
		}
		word, column = word[end:], column+end
	}
	return cells
}

// draw puts the cell where it belongs, and makes it appear and vanish at its time.
func (s shown) draw(c *canvas) {
	a := attrs{"x", tenth(left + float64(s.column)*advance)}
	y := top + float64(s.row)*lineHeight
	name, text := "text", s.text
	if s.class != "" && s.class == strings.ToUpper(s.class) {
		name, text = "rect", ""
		width := tenth(float64(len(s.text)) * advance)
		a = append(a, "y", y-11, "width", width, "height", 12.0)
	} else {
		a = append(a, "y", y)
	}
	if s.class != "" {
		a = append(a, "class", s.class)
	}
	switch {
	case !math.IsInf(s.to, 1):
		stays := hundredth(s.to - s.from)
		a = append(a, "style", fmt.Sprintf("animation:v %ss %ss", stays, hundredth(s.from)))
	case s.from > 0:
		a = append(a, "style", fmt.Sprintf("animation:h %ss", hundredth(s.from)))
	}
	c.element(name, a, text)
	c.line()
}

func tenth(f float64) float64 { return math.Round(f*10) / 10 }

func hundredth(f float64) string { return number(math.Round(f*100) / 100) }
