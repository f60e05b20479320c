package report

import (
	"fmt"
	"strings"
	"time"
)

// Opening is one execution of a maintenance window.
type Opening struct {
	ID     string    `json:"id"`
	Name   string    `json:"name"`
	Zone   string    `json:"zone,omitempty"`
	Opens  time.Time `json:"opens,omitzero"` // zero: it isn't going to
	Closes time.Time `json:"closes,omitzero"`
	// Disabled says that the window was when the report was asked for: it isn't going to open.
	Disabled bool `json:"disabled,omitempty"`
	// Does is what its tasks do: install, scan, unknown, nothing; empty until they are read.
	Does string `json:"does,omitempty"`
}

// Stays is how long the window stays open; zero if that isn't known.
func (o *Opening) Stays() time.Duration {
	if o.Closes.IsZero() {
		return 0
	}
	return o.Closes.Sub(o.Opens)
}

// Window is a maintenance window of Systems Manager.
type Window struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Enabled bool   `json:"enabled"`
	// Next is NextExecutionTime as Systems Manager writes it; empty if it won't open again.
	Next string `json:"next,omitempty"`
	// Zone is the time zone of its schedule, a name of the IANA database; empty for UTC.
	Zone string `json:"zone,omitempty"`
	// Hours is how long it stays open.
	Hours int `json:"hours"`
}

// layouts are the forms in which Systems Manager has been seen to write an execution time, RFC 3339
// with seconds or without; the API calls it a string and promises no more. Those without an offset
// are in the schedule's time zone.
var layouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04",
}

// Opens is when the window opens next, in UTC; zero if it won't.
func (w Window) Opens() (time.Time, error) {
	if w.Next == "" {
		return time.Time{}, nil
	}
	for _, layout := range layouts {
		t, err := time.Parse(layout, w.Next)
		if err != nil {
			continue
		}
		if strings.Contains(layout, "Z07") {
			return t.UTC(), nil
		}
		zone, err := time.LoadLocation(w.Zone)
		if err != nil {
			return time.Time{}, fmt.Errorf("window %s (%s): its time zone %q is none that is "+
				"known, and its next execution time %q has no offset", w.ID, w.Name, w.Zone, w.Next)
		}
		t, err = time.ParseInLocation(layout, w.Next, zone)
		return t.UTC(), err
	}
	return time.Time{}, fmt.Errorf("window %s (%s): its next execution time %q is in no form "+
		"that is known", w.ID, w.Name, w.Next)
}
