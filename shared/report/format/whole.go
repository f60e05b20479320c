package format

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"

	"quickstep/shared/notify"
	"quickstep/shared/report"
)

// JSON is the whole report in one document. Its rows are written as they stand: together they
// may be a hundred megabytes, and once in memory is enough.
func JSON(c *report.Content, units []Unit) []byte {
	d := newDocument(c)
	d.Rows = map[string][]json.RawMessage{}
	head := bytes.TrimSuffix(encode(d), []byte("{}}")) // all but the rows, which come last
	var b bytes.Buffer
	size := len(head) + slack
	for _, u := range units {
		size += len(u.row) + 1
	}
	b.Grow(size)
	b.Write(head)
	b.WriteByte('{')
	next := ""
	for _, rows := range []string{
		gapSection.rows, patchSection.rows, instanceSection.rows, listSection.rows, rebootSection.rows,
	} {
		before := next + `"` + rows + `":[`
		for _, u := range units {
			if u.section.rows == rows && u.row != nil {
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
	"found", "kb", "title", "classification", "severity", "cves", "patchGroup", "baselineName",
}

// CSV has a line for each patch of each instance, and one for each instance without, or of which
// not all is known. It is packed,
// by gzip: hundreds of megabytes that repeat themselves.
func CSV(c *report.Content) []byte {
	var b bytes.Buffer
	// of a gigabyte, the best compression saves little and takes half a minute
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	w := csv.NewWriter(z)
	write := func(fields ...string) {
		for n := range fields {
			fields[n] = inert(fields[n])
		}
		_ = w.Write(fields) // a buffer takes everything
	}
	write(slices.Clone(columns)...)
	for _, i := range c.Instances {
		own, last := ownColumns(c.Report, i)
		line := func(found string, p report.Patch) {
			write(slices.Concat(own,
				[]string{found, p.KB, p.Title, p.Classification, p.Severity, p.CVEs}, last)...)
		}
		switch {
		case i.Step == report.Unread:
			line("unread: "+i.Position.Reason, report.Patch{})
		case i.Unknown():
			line("unknown", report.Patch{})
		case len(i.Findings) == 0:
			line("nothing", report.Patch{})
		}
		for _, f := range i.Findings {
			line(f.Category, f.Patch)
		}
	}
	w.Flush()
	_ = z.Close() // the same
	return b.Bytes()
}

// ownColumns are those of an instance that are the same in each of its lines: those before its
// patches, and those after them.
func ownColumns(r *report.Report, i report.Instance) (first, last []string) {
	window, scanned, state := "", "", report.State{}
	if r.Window != nil {
		window = r.Window.ID
	}
	if s := i.LastState(); s != nil {
		state, scanned = *s, notify.Time(s.Ended)
	}
	first = []string{
		r.ID, window, i.ID, i.Name, i.Platform, state.Baseline, scanned, strings.Join(i.Flags, " "),
	}
	return first, []string{state.Group, state.BaselineName}
}

// inert is a field that no spreadsheet takes for a formula.
func inert(field string) string {
	if field != "" && strings.ContainsRune("=+-@\t\r", rune(field[0])) {
		return "'" + field
	}
	return field
}
