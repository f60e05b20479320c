package report

import (
	"slices"
	"strings"

	"quickstep/shared/input"
)

// Choose gives the windows that a request means, as far as their ids and names tell. What it names
// and nobody has is an error each, a *input.FieldError.
func (q *Request) Choose(windows []Window) (chosen []Window, absent []error) {
	for _, id := range q.WindowIDs {
		if !slices.ContainsFunc(windows, func(w Window) bool { return w.ID == id }) {
			absent = append(absent, q.refuseAbsent("windowIds",
				"give the ids of maintenance windows of this account and Region",
				"maintenance window %s doesn't exist", id))
		}
	}
	for _, w := range windows {
		if q.matches(w) {
			chosen = append(chosen, w)
		}
	}
	named := func(w Window) bool { return strings.HasPrefix(w.Name, q.WindowPrefix) }
	switch {
	case q.WindowPrefix == "" || len(chosen) > 0:
	case !slices.ContainsFunc(windows, named):
		absent = append(absent, q.refuseAbsent("windowPrefix",
			"give the beginning of the names of maintenance windows of this account and Region",
			"no maintenance window's name begins with %q", q.WindowPrefix))
	case q.Scheduled.IsZero():
		absent = append(absent, q.refuseAbsent("windowPrefix", "enable one, or name it by its id",
			"the maintenance windows whose names begin with %q are disabled", q.WindowPrefix))
	}
	return chosen, absent
}

// NoWindows says why no window of a Region can be reported; empty if one can.
func NoWindows(all []Window) string {
	const instead = "; to report instances without one, give instanceIds or tags"
	switch {
	case len(all) == 0:
		return "this Region has no maintenance window" + instead
	case !slices.ContainsFunc(all, func(w Window) bool { return w.Enabled }):
		return "every maintenance window of this Region is disabled" + instead + ", or name a window by its id"
	}
	return ""
}

func (q *Request) refuseAbsent(field, want, problem string, args ...any) error {
	err := input.Refuse(field, want, problem, args...)
	if q.fromStack {
		err.Where = inStack(field)
	}
	return err
}

// matches says whether a request is about a window.
func (q *Request) matches(w Window) bool {
	if len(q.WindowIDs) > 0 {
		return slices.Contains(q.WindowIDs, w.ID)
	}
	return w.Enabled && strings.HasPrefix(w.Name, q.WindowPrefix)
}
