package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"quickstep/shared/cloud/dynamodb"
	"quickstep/shared/ledger"
	"quickstep/shared/rolling"
	"quickstep/shared/run"
	"quickstep/tests/sim"
)

// verdict judges what is left when all runs have ended.
func (p *play) verdict(ctx context.Context) {
	p.traffic.Close()
	for _, f := range all {
		p.ends(ctx, f)
	}
	p.seen()
	p.told()
	p.restored(ctx)
	p.release(ctx)
	p.forget(ctx)
	p.Judge("ledger", "no lock, no run under way, nothing muted is left", p.account.rest(ctx)...)
	p.Judge("queues", "nothing waits, no letter is left", p.left(ctx)...)
	p.requests()
}

// ends holds each instance's end against what happened to it.
func (p *play) ends(ctx context.Context, f *fleet) {
	store, done, wrong := dynamodb.New(p.account.Config, p.account.Table), 0, []string{}
	for _, id := range f.ids() {
		var i run.Instance
		if _, err := ledger.Read(ctx, store, ledger.Key{PK: "RUN#" + p.runs[f], SK: "I#" + id}, &i); err != nil {
			wrong = append(wrong, err.Error())
		}
		want := run.Done
		if f.lost != 0 && id == sim.ID(f.lost) {
			want = run.Failed
		}
		boots, serves := 0, false
		p.region.Do(func() { boots, serves = p.region.Boots(id), p.region.Answers(id) })
		if i.Step != want || boots != 1 || i.RebootCalls != 1 || serves != (want == run.Done) {
			wrong = append(
				wrong,
				fmt.Sprintf(
					"%s: %s (%s) after %d calls and %d reboots, answers: %t; it should be %s after one",
					id,
					i.Step,
					i.Position.Reason,
					i.RebootCalls,
					boots,
					serves,
					want,
				),
			)
		}
		if i.Step == run.Done {
			done++
		}
	}
	p.Judge(f.name, fmt.Sprintf("%d of %d are done, each was rebooted once", done, f.size), wrong...)
}

// seen is what AWS's side has seen.
func (p *play) seen() {
	p.region.Do(func() {
		for _, f := range all {
			p.Say(
				f.name,
				"at most %d out of service (%d tokens), %d healthy at least (floor %d)",
				p.region.watch.most[f],
				f.tokens,
				p.region.watch.fewest[f],
				f.floor,
			)
		}
		p.Judge(
			"all",
			"tokens and floors were kept; who was rebooted got no requests, and was muted",
			p.region.watch.wrong...)
	})
}

// told holds what people got against what they should get.
func (p *play) told() {
	for _, f := range all {
		var wrong []string
		if n := len(p.mail.About("report", "fleet "+f.name)); n != 2 {
			wrong = append(wrong, fmt.Sprintf("%d reports", n))
		}
		alarms := p.mail.About("alarm", "fleet "+f.name)
		switch {
		case f.lost == 0 && len(alarms) > 0:
			wrong = append(wrong, fmt.Sprintf("an alarm: %s", alarms[0].Subject))
		case f.lost != 0 && (len(alarms) != 1 || !strings.Contains(alarms[0].Subject, sim.ID(f.lost)+" FAILED at check")):
			wrong = append(wrong, fmt.Sprintf("%d alarms: %v", len(alarms), alarms))
		case f.lost != 0:
			p.Say("operator", "was told:\n%s", indented(alarms[0].Text))
		}
		p.Judge(
			f.name,
			"people got one report when it began, one when it ended, and an alarm for whoever failed",
			wrong...)
	}
}

func indented(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.Repeat(" ", 26) + "| " + line)
	}
	return strings.TrimRight(b.String(), "\n")
}

// restored holds alarms and rules against what they were.
func (p *play) restored(ctx context.Context) {
	for _, f := range all {
		wrong := p.account.rules(ctx, f, true)
		p.region.Do(func() {
			if p.region.Muted(f.alarm()) {
				wrong = append(wrong, "R6: alarm "+f.alarm()+" is still muted")
			}
			if n := len(p.region.Fired(f.alarm())); n > 0 {
				wrong = append(wrong, fmt.Sprintf("R6: alarm %s acted %d times", f.alarm(), n))
			}
			for name, status := range p.region.MuteRules() {
				if strings.Contains(name, p.runs[f]) {
					wrong = append(wrong, fmt.Sprintf("R6: mute rule %s is %s", name, status))
				}
			}
		})
		p.Judge(f.name, "alarms and rules are as before, and no alarm has acted", wrong...)
	}
}

// release gives up the instance that failed, as its alarm says.
func (p *play) release(ctx context.Context) {
	var reply rolling.Reply
	err := p.account.Invoke(
		ctx,
		"control",
		map[string]string{"command": "release", "instance": sim.ID(batch.lost)},
		&reply,
	)
	var wrong []string
	if err != nil {
		wrong = append(wrong, err.Error())
	}
	p.Judge("batch", "an operator releases the instance that failed: "+reply.Did, wrong...)
}

// left is what the queues hold. Messages whose time comes later name positions that have moved on; they will be
// dropped.
func (p *play) left(ctx context.Context) (wrong []string) {
	for _, name := range slices.Sorted(maps.Keys(p.account.Queues)) {
		now, later, taken, err := p.account.Left(ctx, name)
		if err != nil {
			wrong = append(wrong, err.Error())
		}
		if now+taken > 0 || (later > 0 && (name == "dead" || name == "last")) {
			wrong = append(
				wrong,
				fmt.Sprintf("queue %s: %d wait, %d come later, %d are being worked on", name, now, later, taken),
			)
		}
	}
	return wrong
}

// requests is what all of it is for.
func (p *play) requests() {
	t := p.traffic.Tally()
	var wrong []string
	for _, reason := range slices.Sorted(maps.Keys(t.Reasons)) {
		wrong = append(wrong, fmt.Sprintf("%d × %s", t.Reasons[reason], reason))
	}
	if t.Requests == 0 {
		wrong = append(wrong, "nobody has sent any")
	}
	p.Judge("client", fmt.Sprintf("requests %d, failed %d", t.Requests, t.Failed), wrong...)
}
