package main

import (
	"fmt"
	"time"
)

const (
	// mutedPrefix is what the run mutes; what is called otherwise is none of its business.
	mutedPrefix = "web-"
	fewHosts    = "web-few-hosts"  // in ALARM while fewer than enough instances serve, as they do in a rolling reboot
	enough      = size - 1         // healthy targets of each group
	heal        = "web-heal"       // a rule that acts on instances that stop answering
	retired     = "web-retired"    // a rule that was off before
	billing     = "billing-budget" // an alarm and a rule of somebody else's
	evaluation  = 30 * time.Second // how often the alarm is evaluated
)

func (f *fleet) addAlarms() {
	f.AddAlarm(fewHosts, "OK")
	f.AddAlarm("web-errors", "OK")
	f.AddAlarm(billing, "OK")
	f.AddRule("default", heal, true, "")
	f.AddRule("default", retired, false, "")
	f.AddRule("default", billing, true, "")
	f.After(evaluation, f.evaluate)
}

// evaluate is CloudWatch at work.
func (f *fleet) evaluate() {
	state := "OK"
	for _, arn := range f.ARNs {
		if len(f.Routable(arn)) < enough {
			state = "ALARM"
		}
	}
	if state != f.AlarmState(fewHosts) {
		f.SetAlarmState(fewHosts, state)
		if state == "ALARM" {
			f.watched.alarms++
		}
	}
	f.After(evaluation, f.evaluate)
}

// muted says what is loud that should be quiet, or the other way round, while an instance reboots.
func (f *fleet) muted() (wrong []string) {
	for _, name := range []string{fewHosts, "web-errors"} {
		if !f.Muted(name) {
			wrong = append(wrong, "alarm "+name+" could act while an instance was rebooted")
		}
	}
	if f.RuleEnabled("default", heal) {
		wrong = append(wrong, "rule "+heal+" could act while an instance was rebooted")
	}
	if f.Muted(billing) || !f.RuleEnabled("default", billing) {
		wrong = append(wrong, billing+" was muted, and nobody had asked for that")
	}
	return wrong
}

// restored says what isn't as it was before the run.
func (f *fleet) restored() (wrong []string) {
	for _, rule := range []string{heal, retired, billing} {
		if on := f.RuleEnabled("default", rule); on != (rule != retired) {
			wrong = append(wrong, fmt.Sprintf("rule %s ended as enabled: %t", rule, on))
		}
	}
	for _, name := range []string{fewHosts, "web-errors", billing} {
		if f.Muted(name) {
			wrong = append(wrong, "alarm "+name+" is still muted")
		}
		if n := len(f.Fired(name)); n > 0 {
			wrong = append(wrong, fmt.Sprintf("alarm %s acted %d times", name, n))
		}
	}
	return wrong
}
