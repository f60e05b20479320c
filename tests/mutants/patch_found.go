package main

const lastReboot = "shared/rolling/last_reboot.go"

// patchFound are the bugs of what a patch report takes a finding for, and of what it needs from the runs for that.
var patchFound = []mutant{
	{name: "a reboot isn't known by its instance", edits: []edit{{lastReboot, `
	rebooted := !i.StartedAt.IsZero()`, `
	rebooted := !i.StartedAt.IsZero() && len(i.Capture) > 1`}}},
	{name: "a reboot is known whose boot nobody has seen", edits: []edit{{lastReboot, `
	rebooted := !i.StartedAt.IsZero()`, `
	rebooted := !i.RebootedAt.IsZero()`}}},
}
