package patch

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"

	"quickstep/shared/notify"
)

// wholeJSON is the whole report in one document. Its rows are written as they stand: together they
// may be a hundred megabytes, and once in memory is enough.
func wholeJSON(c *content, all []unit) []byte {
	d := c.document()
	d.Rows = map[string][]json.RawMessage{}
	head := bytes.TrimSuffix(encode(d), []byte("{}}")) // all but the rows, which come last
	var b bytes.Buffer
	size := len(head) + slack
	for _, u := range all {
		size += len(u.row) + 1
	}
	b.Grow(size)
	b.Write(head)
	b.WriteByte('{')
	next := ""
	for _, s := range []section{gapSection, patchSection, instanceSection, listSection, rebootSection} {
		before := next + `"` + s.rows + `":[`
		for _, u := range all {
			if u.section == s && u.row != nil {
				b.WriteString(before)
				b.Write(u.row)
				before = ","
			}
		}
		if before == "," {
			b.WriteByte(']')
			next = ","
		}
	}
	b.WriteString("}}\n")
	return b.Bytes()
}

// columns are those of the CSV form.
var columns = []string{
	"report", "window", "instance", "name", "platform", "baseline", "scanned", "flags",
	"found", "kb", "title", "classification", "severity", "cves",
}

// wholeCSV has a line for each patch of each instance, and one for each instance without. It is
// packed, by gzip: hundreds of megabytes that repeat themselves.
func wholeCSV(c *content) []byte {
	var b bytes.Buffer
	// of a gigabyte, the best compression saves little and takes half a minute
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	w := csv.NewWriter(z)
	window := ""
	if c.Window != nil {
		window = c.Window.ID
	}
	line := func(fields ...string) {
		for n := range fields {
			fields[n] = inert(fields[n])
		}
		_ = w.Write(fields) // a buffer takes everything
	}
	line(slices.Clone(columns)...)
	for _, i := range c.instances {
		baseline, scanned := "", ""
		if i.scanned() {
			baseline, scanned = i.Patched.Baseline, notify.Time(i.Patched.Ended)
		}
		own := []string{c.ID, window, i.ID, i.Name, i.Platform, baseline, scanned, strings.Join(i.flags, " ")}
		switch {
		case i.Step == Unread:
			line(append(own, "unread: "+i.Position.Reason, "", "", "", "", "")...)
		case i.unsure():
			line(append(own, "unknown", "", "", "", "", "")...)
		case len(i.findings) == 0:
			line(append(own, "nothing", "", "", "", "", "")...)
		}
		for _, f := range i.findings {
			line(append(slices.Clone(own), f.as, f.KB, f.Title, f.Classification, f.Severity, f.CVEs)...)
		}
	}
	w.Flush()
	_ = z.Close() // the same
	return b.Bytes()
}

// inert is a field that no spreadsheet takes for a formula.
func inert(field string) string {
	if field != "" && strings.ContainsRune("=+-@\t\r", rune(field[0])) {
		return "'" + field
	}
	return field
}
