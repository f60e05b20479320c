package report

import "strings"

// Categories of findings: of a first report by state, of a second by what came of what was
// announced.
const (
	IsMissing      = "missing"
	IsFailed       = "failed"
	IsPending      = "pendingReboot"
	IsStillPending = "stillPending" // waited for a reboot at the first report already
	IsInstalled    = "installed"
	IsNotListed    = "notListed"    // announced, and not listed at all any more
	IsNotAnnounced = "notAnnounced" // installed, but not announced

	// What is installed, and not known to be by the window.
	IsUndetermined    = "installedUndetermined" // before its opening or since, nobody can tell
	IsInstalledBefore = "installedBefore"       // before its opening
	IsPendingBefore   = "pendingBefore"         // before its opening, and it waits for a reboot
)

// Categories are all, in the order in which they are listed.
var Categories = []string{
	IsMissing, IsFailed, IsInstalled, IsUndetermined, IsPending, IsStillPending, IsNotListed,
	IsNotAnnounced, IsInstalledBefore, IsPendingBefore,
}

// category is how a state is reported; one that a report doesn't ask for of itself goes by its own
// name.
func category(state string) string {
	switch state {
	case Missing:
		return IsMissing
	case Failed:
		return IsFailed
	case InstalledPendingReboot:
		return IsPending
	case Installed, InstalledOther, InstalledRejected:
		return IsInstalled
	}
	return strings.ToLower(state[:min(1, len(state))]) + state[min(1, len(state)):]
}
