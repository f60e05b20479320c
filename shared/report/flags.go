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
	case c.Report.Phase != After && c.Age(last) > time.Duration(c.Report.StaleAfter):
		flags = append(flags, FlagStale)
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
	case i.Has(FlagStale):
		c.Stale++
	case i.Has(FlagNotPatched):
		c.NotPatched++
	}
}

// windowHasRebooted says that the window of a second report was to reboot what needs it.
func (c *Content) windowHasRebooted() bool {
	return c.Report.Phase == After && Reboot(c.Report.Tasks) == RebootIfNeeded
}

// needsReboot says that patches wait for a reboot of an instance. Who is down comes up on a new boot
// anyway.
func (i *Instance) needsReboot() bool {
	pending := i.ByCategory[IsPending]+i.ByCategory[IsStillPending] > 0 ||
		(i.Patched != nil && i.Patched.PendingReboot > 0)
	return pending && (i.Node.State == "" || i.Node.State == "running")
}
