package format

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"quickstep/shared/report"
)

// Schema is the name and the version of the JSON form. Fields may be added to it; none changes its
// meaning.
const Schema = "quickstep.patch-report/1"

// document is a report, or a part of one, for machines. What stands in all parts comes first, then
// the rows of this part.
type document struct {
	Schema   string          `json:"schema"`
	Report   string          `json:"report"`
	Phase    string          `json:"phase"`           // before, after, now
	First    string          `json:"first,omitempty"` // of a second report: the first
	Part     int             `json:"part"`
	Parts    int             `json:"parts"`
	Repeated bool            `json:"repeated"` // an earlier try may have sent this part already
	Window   *report.Opening `json:"window,omitempty"`
	// Previous is its execution before, if that hadn't settled.
	Previous *report.Previous `json:"previous,omitempty"`
	Began    time.Time        `json:"began"`
	Closed   time.Time        `json:"closed"` // when the last instance was read
	Oldest   time.Time        `json:"oldestScan,omitzero"`
	Totals   totals           `json:"totals"`
	Stored   *report.Stored   `json:"stored,omitempty"`
	Remarks  []string         `json:"remarks,omitempty"`
	// Tasks are the window's; Execution is what Systems Manager says of its opening, once it has closed.
	Tasks     []report.WindowTask    `json:"tasks,omitempty"`
	Execution *report.Execution      `json:"execution,omitempty"`
	Severity  []report.SeverityCount `json:"severities,omitempty"`
	// Rows are gaps, patches, instances, lists and reboots: those that this part holds.
	Rows map[string][]json.RawMessage `json:"rows"`
}

// totals are numbers of the whole report.
type totals struct {
	Instances int `json:"instances"`
	Gaps      int `json:"gaps"`    // instances that couldn't be read
	Flagged   int `json:"flagged"` // instances about which something is odd
	Unknown   int `json:"unknown"` // of them, those of which nobody knows what they lack
	// NotRescanned are those of the unknown that no scan has looked at since an installation.
	NotRescanned int            `json:"notRescanned"`
	Patches      int            `json:"patches"` // different ones
	Reboot       int            `json:"reboot"`  // instances that need one
	Found        map[string]int `json:"found"`   // patches times instances, by category
}

// The rows of a document.
type (
	gapRow struct {
		Instance string        `json:"instance"`
		Name     string        `json:"name,omitempty"`
		Reason   string        `json:"reason"`
		Flags    []string      `json:"flags,omitempty"`
		Scan     *report.State `json:"scan,omitempty"`
	}
	patchRow struct {
		Patch          string         `json:"patch"` // its name in this report's lists
		KB             string         `json:"kb"`
		Title          string         `json:"title"`
		Classification string         `json:"classification,omitempty"`
		Severity       string         `json:"severity,omitempty"`
		Piece          int            `json:"piece"` // of its CVEs, from 1
		CVEs           string         `json:"cves,omitempty"`
		Instances      int            `json:"instances"`
		Found          map[string]int `json:"found"` // instances, by category
	}
	instanceRow struct {
		Instance string         `json:"instance"`
		Name     string         `json:"name,omitempty"`
		Platform string         `json:"platform,omitempty"`
		Found    map[string]int `json:"found"` // patches, by category
		List     string         `json:"list,omitempty"`
		Flags    []string       `json:"flags,omitempty"`
		Scan     *report.State  `json:"scan,omitempty"`
		Rebooted *rebootedRow   `json:"rebooted,omitempty"` // by a run, since the scan
	}
	rebootedRow struct {
		Run string    `json:"run"`
		At  time.Time `json:"at"`
	}
	listRow struct {
		List      string              `json:"list"`
		Piece     int                 `json:"piece"` // of this list, from 1; a long one has several
		Instances int                 `json:"instances"`
		Patches   map[string][]string `json:"patches"` // names, by category
	}
	rebootRow struct {
		Instances []string `json:"instances"`
		// Event is for the start function: a run that reboots them.
		Event json.RawMessage `json:"event,omitempty"`
	}
)

// mostInEach is how many severities, tasks and remarks stand in each part.
const mostInEach = 20

// newDocument is a report's document without rows.
func newDocument(c *report.Content) document {
	r := c.Report
	return document{
		Schema:   Schema,
		Report:   r.ID,
		Phase:    r.Phase,
		First:    r.First,
		Part:     1,
		Parts:    1,
		Window:   r.Window,
		Previous: r.Previous,
		Began:    wholeSeconds(r.Began),
		Closed:   wholeSeconds(r.Closed),
		Oldest:   wholeSeconds(c.OldestScan),
		Totals: totals{
			Instances: len(c.Instances),
			Gaps:      len(c.Gaps),
			Flagged:   c.Flagged,
			Unknown:   c.Unknown,

			NotRescanned: c.NotRescanned,
			Patches:      len(c.Patches),
			Reboot:       len(c.Reboots),
			Found:        c.Totals,
		},
		Stored:    r.Stored,
		Remarks:   remarks(c),
		Tasks:     r.Tasks[:min(len(r.Tasks), mostInEach)],
		Execution: r.Execution,
		Severity:  c.Severities[:min(len(c.Severities), mostInEach)],
	}
}

// encode is JSON without the escapes that only HTML needs.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		// our own types always can
		panic(fmt.Sprintf("format: %T can't be written as JSON: %v", v, err))
	}
	return bytes.TrimSpace(b.Bytes())
}

// wholeSeconds is a time as documents give it: UTC, in whole seconds.
func wholeSeconds(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
