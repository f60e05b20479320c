package main

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
)

// canvas collects an SVG document. Whatever is put on it is escaped.
type canvas struct{ b strings.Builder }

// attrs are an element's attributes: names and values in turn.
type attrs []any

// begin opens the document, with what a screen reader says about it, and its style sheet.
func (c *canvas) begin(width, height float64, title, description, style string) {
	c.open("svg", attrs{"xmlns", "http://www.w3.org/2000/svg",
		"viewBox", fmt.Sprintf("0 0 %s %s", number(width), number(height)),
		"width", width, "height", height, "role", "img", "aria-labelledby", "title description"})
	c.line()
	c.element("title", attrs{"id", "title"}, title)
	c.line()
	c.element("desc", attrs{"id", "description"}, description)
	c.line()
	c.element("style", nil, style)
	c.line()
}

func (c *canvas) open(name string, a attrs) {
	c.b.WriteString("<" + name)
	for n := 0; n < len(a); n += 2 {
		value := fmt.Sprint(a[n+1])
		if f, is := a[n+1].(float64); is {
			value = number(f)
		}
		fmt.Fprintf(&c.b, ` %s="%s"`, a[n], escape(value))
	}
	c.b.WriteString(">")
}

func (c *canvas) close(name string) { c.b.WriteString("</" + name + ">") }

func (c *canvas) element(name string, a attrs, text string) {
	c.open(name, a)
	c.b.WriteString(escape(text))
	c.close(name)
}

func (c *canvas) line() { c.b.WriteByte('\n') }

func escape(s string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		panic(err) // a strings.Builder takes everything
	}
	return strings.NewReplacer("&#xA;", "\n", "&#34;", "&quot;", "&#39;", "'").Replace(b.String())
}

// number writes a length or a time as short as it can be.
func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
