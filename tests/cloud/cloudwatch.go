package main

import (
	"context"
	"time"
)

// evaluate is CloudWatch at work on the fleets' alarms, and somebody who looks at the rules whenever an instance goes down.
// A rolling reboot trips the alarms of web and shop; that they don't act is what muting is for.
func (p *play) evaluate(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case f := <-p.region.watch.rebooted:
			if wrong := p.account.rules(ctx, f, false); len(wrong) > 0 && ctx.Err() == nil {
				p.Judge(f.name, "its rule is disabled while an instance reboots", wrong...)
			}
		case <-tick.C:
			for _, f := range all {
				p.evaluateAlarm(ctx, f)
			}
		}
	}
}

func (p *play) evaluateAlarm(ctx context.Context, f *fleet) {
	state := "OK"
	if p.missing(f) > 1 {
		state = "ALARM"
	}
	changed, muted := false, false
	p.region.Do(func() {
		changed = p.region.AlarmState(f.alarm()) != state
		muted = p.region.Muted(f.alarm())
		if changed {
			p.region.SetAlarmState(f.alarm(), state)
		}
	})
	if !changed {
		return
	}
	if state == "ALARM" {
		p.Say(f.name, "its alarm %s is in ALARM; muted: %t", f.alarm(), muted)
	}
	if err := p.account.SetAlarm(ctx, f.alarm(), state); err != nil && ctx.Err() == nil {
		p.Judge(f.name, "its alarm can be set", err.Error())
	}
}
