package report

import "time"

// flagsOf are an instance's.
func (c *Content) flagsOf(i *Instance) (flags []string) {
	if i.NotCompared != "" && i.Step != Unread {
		flags = append(flags, FlagNotCompared)
	}
	switch {
	case !i.Managed && i.Platform == "" && i.Node.State == "":
		flags = append(flags, FlagNotFound)
	case !i.Managed:
		flags = append(flags, FlagNotManaged)
	case !i.Online:
		flags = append(flags, FlagOffline)
	}
	switch last := i.LastState(); {
	case last == nil && i.Managed:
		flags = append(flags, FlagNeverScanned)
	case last == nil:
	case c.Report.Phase == After && last.Ended.Before(c.Report.Window.Opens):
		flags = append(flags, FlagNotPatched)
	case c.Report.Phase != After && i.notRescanned():
		flags = append(flags, FlagNotRescanned)
	case c.Report.Phase != After && c.Age(last) > time.Duration(c.Report.StaleAfter):
		flags = append(flags, FlagStale)
	}
	if i.CountsDiffer() != "" {
		flags = append(flags, FlagCountsDiffer)
	}
	if i.rebooted() && i.pending() {
		flags = append(flags, FlagRebooted)
	}
	if i.Node.State != "" && i.Node.State != "running" {
		flags = append(flags, i.Node.State)
	}
	return flags
}

// flag notes what a reader should look at, and who needs a reboot.
func (c *Content) flag(i *Instance) {
	i.Flags = c.flagsOf(i)
	if i.needsReboot() {
		c.Reboots = append(c.Reboots, i.ID)
		if c.windowHasRebooted() && !i.Has(FlagNotPatched) && i.Step != Unread {
			i.Flags = append(i.Flags, FlagNotRebooted)
		}
	}
	if i.Step == Unread {
		c.Gaps = append(c.Gaps, i.ID)
		return
	}
	if len(i.Flags) > 0 {
		c.Flagged++
	}
	switch {
	case i.Unknown():
		c.Unknown++
		if i.Has(FlagNotRescanned) {
			c.NotRescanned++
		}
	case i.Has(FlagStale):
		c.Stale++
	case i.Has(FlagNotPatched):
		c.NotPatched++
	}
}

// windowHasRebooted says that the window of a second report was to reboot what needs it, and has had
// the time.
func (c *Content) windowHasRebooted() bool {
	r := c.Report
	return r.Phase == After && Reboot(r.Tasks) == RebootIfNeeded && r.Execution.Finished()
}

// needsReboot says that patches wait for a reboot of an instance. Who is down comes up on a new
// boot anyway, and Systems Manager learns of a reboot by the next scan.
func (i *Instance) needsReboot() bool {
	return i.pending() && !i.rebooted() && (i.Node.State == "" || i.Node.State == "running")
}

// pending says that patches wait for a reboot, as far as Systems Manager knows.
func (i *Instance) pending() bool {
	return i.ByCategory[IsPending]+i.ByCategory[IsStillPending]+i.ByCategory[IsPendingBefore] > 0 ||
		(i.Patched != nil && i.Patched.PendingReboot > 0)
}

// rebooted says that a run has rebooted an instance since its patch state was made.
func (i *Instance) rebooted() bool {
	last := i.LastState()
	return i.Rebooted != nil && last != nil && last.Ended.Before(i.Rebooted.At)
}

// notRescanned says that an installation was the last to look for patches. It lists what failed,
// and nothing as missing, but for what a list of its own (InstallOverrideList) has left out.
func (i *Instance) notRescanned() bool {
	last := i.LastState()
	return last != nil && last.Operation == "Install" && last.Missing == 0 && i.listed.missing == 0
}
