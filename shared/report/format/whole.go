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
	for _, s := range []section{
		gapSection, patchSection, instanceSection, listSection, rebootSection,
	} {
		before := next + `"` + s.rows + `":[`
		for _, u := range units {
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

// CSV has a line for each patch of each instance, and one for each instance without. It is packed,
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
		own := ownColumns(c.Report, i)
		switch {
		case i.Step == report.Unread:
			write(append(own, "unread: "+i.Position.Reason, "", "", "", "", "")...)
		case i.Unknown():
			write(append(own, "unknown", "", "", "", "", "")...)
		case len(i.Findings) == 0:
			write(append(own, "nothing", "", "", "", "", "")...)
		}
		for _, f := range i.Findings {
			write(append(slices.Clone(own),
				f.Category, f.KB, f.Title, f.Classification, f.Severity, f.CVEs)...)
		}
	}
	w.Flush()
	_ = z.Close() // the same
	return b.Bytes()
}

// ownColumns are those of an instance that are the same in each of its lines.
func ownColumns(r *report.Report, i report.Instance) []string {
	window, baseline, scanned := "", "", ""
	if r.Window != nil {
		window = r.Window.ID
	}
	if last := i.LastState(); last != nil {
		baseline, scanned = last.Baseline, notify.Time(last.Ended)
	}
	return []string{
		r.ID, window, i.ID, i.Name, i.Platform, baseline, scanned, strings.Join(i.Flags, " "),
	}
}

// inert is a field that no spreadsheet takes for a formula.
func inert(field string) string {
	if field != "" && strings.ContainsRune("=+-@\t\r", rune(field[0])) {
		return "'" + field
	}
	return field
}
