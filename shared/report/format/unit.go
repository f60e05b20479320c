package format

import "strings"

// Unit is what is never torn apart: some lines of text, and a row.
type Unit struct {
	section section
	text    string
	row     []byte
	size    int // what it takes of a message
}

// section is a part of a report's text; its rows are those of the JSON form.
type section struct{ title, rows string }

var (
	gapSection     = section{"Not read", "gaps"}
	flagSection    = section{"Look at these", ""}
	patchSection   = section{"Patches", "patches"}
	waitingSection = section{"Patches that only wait for a reboot", "patches"}
	listSection    = section{"Lists, and the instances that have them", "lists"}
	cleanSection   = section{"Nothing was found on", ""}
	rebootSection  = section{"Need a reboot", "reboots"}
	// instanceSection has rows alone: what they say stands above, once for all that are equal.
	instanceSection = section{"", "instances"}
)

func newUnit(s section, text string, row any) Unit {
	u := Unit{section: s, text: text}
	if row != nil {
		u.row = encode(row)
	}
	u.size = unitSize(u.text, u.row)
	return u
}

// unitSize is what a unit takes of a message: text and row stand in it as JSON strings.
func unitSize(text string, row []byte) int {
	return len(encode(text)) + len(encode(string(row))) + len("    \n")*strings.Count(text, "\n")
}
