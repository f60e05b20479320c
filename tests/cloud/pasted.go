package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"quickstep/shared/run"
	"quickstep/tests/docs"
)

// pasted are the schedules that pages show how to make. Their commands are run as they stand there.
var pasted = []shown{
	{"docs/run.md", "quickstep-batch"},
	{"docs/patch-report.md", "quickstep-web-patches"},
}

// shown is a schedule that a page makes, below the heading "On a schedule".
type shown struct{ page, name string }

// commands are those below the heading that do one thing. What makes the schedule's file belongs to its creation.
func (s shown) commands(do string) (string, error) {
	all, err := docs.Commands(".")
	if err != nil {
		return "", err
	}
	var chosen []string
	found := false
	for _, c := range all {
		if c.Page != s.page || c.Heading != "On a schedule" || !c.Fenced {
			continue
		}
		line := c.Line() + " "
		prepares := !strings.HasPrefix(line, "aws scheduler ")
		does := !prepares && strings.Contains(line, " "+do+" ")
		found = found || does
		if does || prepares && do == creation {
			chosen = append(chosen, c.Text)
		}
	}
	if !found {
		return "", fmt.Errorf("%s shows no %s", s.page, do)
	}
	return strings.Join(chosen, "\n"), nil
}

const creation = "create-schedule"

// run does what the page shows for it.
func (p *play) run(ctx context.Context, s shown, do string) (string, error) {
	commands, err := s.commands(do)
	if err != nil {
		return "", err
	}
	said, err := p.account.Emulator.Shell(ctx, p.aws, p.dir, commands)
	if err != nil {
		return "", fmt.Errorf("%s: %w", s.page, err)
	}
	return said, nil
}

// paste makes a schedule, sees that it is as it should be, pauses and resumes it.
func (p *play) paste(ctx context.Context, s shown) error {
	var wrong []string
	for _, step := range []struct{ do, state string }{
		{creation, "ENABLED"}, {"--state DISABLED", "DISABLED"}, {"--state ENABLED", "ENABLED"},
	} {
		if _, err := p.run(ctx, s, step.do); err != nil {
			return err
		}
		is, err := p.account.Scheduled(ctx, s.name)
		if err != nil {
			return err
		}
		zone := is.ScheduleExpressionTimezone
		if is.State != step.state || !strings.HasPrefix(is.ScheduleExpression, "cron(") || zone != "Europe/Paris" {
			wrong = append(
				wrong,
				fmt.Sprintf("after %s it is %s, %s in %s", step.do, is.State, is.ScheduleExpression, zone),
			)
		}
		if !strings.HasPrefix(is.Target.Arn, "arn:aws:lambda:") ||
			!strings.HasPrefix(is.Target.RoleArn, "arn:aws:iam::") {
			wrong = append(
				wrong,
				fmt.Sprintf("after %s its target is %s, its role %s", step.do, is.Target.Arn, is.Target.RoleArn),
			)
		}
	}
	p.Judge(
		"operator",
		fmt.Sprintf("the commands of %s make schedule %s, pause it, and resume it", s.page, s.name),
		wrong...)
	if s != pasted[0] {
		return nil
	}
	for _, do := range []string{"list-schedules", "get-schedule"} {
		said, err := p.run(ctx, s, do)
		if err != nil {
			return err
		}
		if !strings.Contains(said, `"`+s.name+`"`) {
			p.Judge("operator", do+" shows it", said)
		}
	}
	return nil
}

// forget deletes the schedules, as their pages say.
func (p *play) forget(ctx context.Context) {
	var wrong []string
	for _, s := range pasted {
		if _, err := p.run(ctx, s, "delete-schedule"); err != nil {
			wrong = append(wrong, err.Error())
		}
	}
	names, err := p.account.Schedules(ctx)
	if err != nil {
		wrong = append(wrong, err.Error())
	}
	for _, s := range pasted {
		if slices.Contains(names, s.name) {
			wrong = append(wrong, s.name+" is still there")
		}
	}
	p.Judge("operator", "the commands of the pages delete their schedules", wrong...)
}

// scheduleReport lets a schedule ask for a report of what web's instances lack.
func (p *play) scheduleReport(ctx context.Context, name string) error {
	id, at, err := p.fire(ctx, name)
	p.weekly = run.RunID("report", id)
	p.Say(
		"web",
		"EventBridge Scheduler will ask for report %s at %s UTC, by schedule %s",
		p.weekly,
		at.UTC().Format(time.TimeOnly),
		name,
	)
	return err
}

// scheduledReport judges whether all of that report arrives.
func (p *play) scheduledReport(ctx context.Context) error {
	var wrong []string
	err := await(ctx, "the scheduled patch report in the mailbox", reporting, func() (bool, error) {
		wrong = misreported(p.mail.About("report", p.weekly))
		return len(wrong) == 0, nil
	})
	if err != nil && ctx.Err() != nil {
		return err
	}
	p.Judge(
		"operator",
		fmt.Sprintf("gets the patch report that a schedule asks for: %d instances, %d patches", web.size, updates),
		wrong...)
	return nil
}
