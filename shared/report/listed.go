package report

import (
	"fmt"
	"slices"
	"strings"
)

// listed is how many of an instance's patches were listed in the states that its patch state counts
// as well.
type listed struct{ missing, failed, pending int }

func count(observed []observation) (n listed) {
	for _, o := range observed {
		switch o.state {
		case Missing:
			n.missing++
		case Failed:
			n.failed++
		case InstalledPendingReboot:
			n.pending++
		}
	}
	return n
}

// CountsDiffer says how an instance's patch state contradicts the list of its patches: "12 missing
// counted, 0 listed"; empty if it doesn't. If more is listed than counted, what is listed holds.
func (i *Instance) CountsDiffer() string {
	last := i.LastState()
	if last == nil || i.Step == Unread {
		return ""
	}
	var all []string
	differ := func(state, what string, counted, listed int) {
		if slices.Contains(i.States, state) && counted > listed {
			all = append(all, fmt.Sprintf("%d %s counted, %d listed", counted, what, listed))
		}
	}
	differ(Missing, "missing", last.Missing, i.listed.missing)
	differ(Failed, "failed", last.Failed, i.listed.failed)
	differ(InstalledPendingReboot, "pending reboot", last.PendingReboot, i.listed.pending)
	return strings.Join(all, "; ")
}

// lacksMoreThanListed says that by its patch state an instance lacks patches that aren't listed.
func (i *Instance) lacksMoreThanListed() bool {
	last := i.LastState()
	lacks := func(state string, counted, listed int) bool {
		return slices.Contains(i.States, state) && counted > listed
	}
	return last != nil && (lacks(Missing, last.Missing, i.listed.missing) ||
		lacks(Failed, last.Failed, i.listed.failed))
}
