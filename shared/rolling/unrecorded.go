package rolling

import (
	"quickstep/shared/run"
)

// unrecorded says which time the instance's step relies on and the ledger doesn't have; empty if it
// has them all. A time that is unset must not count as one that lies long back: it would prove
// every wait to be over.
func unrecorded(i *run.Instance) (why string) {
	back := i.Step == run.StepRejoin || i.Step == run.StepAwait
	switch {
	case i.Step == run.StepReboot && i.GoneAt.IsZero():
		return "the ledger doesn't say when its deregistration ended (goneAt), " +
			"so nothing shows that its target groups are drained"
	case i.Step == run.StepCheck && i.RebootedAt.IsZero():
		return "the ledger knows of no call that asked for its reboot (rebootedAt), " +
			"so nothing shows that it runs on a new boot"
	case back && !i.RebootAskedAt.IsZero() && i.StartedAt.IsZero():
		return "it was asked to reboot and no check has seen it started since (startedAt)"
	case i.Step == run.StepAwait && i.RegisteredAt.IsZero():
		return "the ledger doesn't say when it was registered again (registeredAt), " +
			"so nothing shows how long it has been back"
	}
	return ""
}

// unexplained says that the instance goes back although nothing is written down of why: no reboot,
// no answer of the gate, no failure. It goes back all the same, but isn't done.
func unexplained(i *run.Instance) bool {
	return i.RebootAskedAt.IsZero() && i.Return == "" && i.Failure == nil
}
