package notify

import "quickstep/shared/run"

// Started tells that a run begins.
func Started(r *run.Run, p *run.Plan, remarks []string) Note {
	m := mail{width: len("Instances: ")}
	m.line("The rolling reboot of fleet %s begins.", r.Fleet)
	m.blank()
	m.row("Run", "%s", r.ID)
	m.row("Instances", "%d, at most %d at a time, %s allowed", r.Total, r.Limit, run.Count(r.MaxErrors, "failure"))
	m.row("Groups", "%s, minHealthy %s", run.Count(len(p.Groups), "target group"), p.Request.MinHealthy)
	m.row("Muted", "%s, %s", run.Count(len(p.Alarms), "alarm"), run.Count(len(p.Rules), "EventBridge rule"))
	if !p.Request.NotAfter.IsZero() {
		m.row("Until", "%s at the latest", Time(p.Request.NotAfter))
	}
	for _, remark := range remarks {
		m.row("Note", "%s", remark)
	}
	m.blank()
	m.line("To hold it, %s; resume and cancel likewise.", control("pause", "run", r.ID))
	return m.note("Quickstep: reboot of %s begins, fleet %s", run.Count(r.Total, "instance"), r.Fleet)
}
