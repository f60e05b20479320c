package main

import (
	"context"
	"fmt"
	"strings"

	"quickstep/shared/rolling"
	"quickstep/tests/cloud/stage"
)

// status is a fleet's run as an operator is told; nothing as long as there is none.
func (p *play) status(ctx context.Context, f *fleet) (rolling.Status, error) {
	var reply rolling.Reply
	err := p.account.Invoke(ctx, "control", map[string]string{"command": "status", "run": p.runs[f]}, &reply)
	if err != nil && strings.Contains(err.Error(), "there is no run") {
		return rolling.Status{}, nil
	}
	if err != nil {
		return rolling.Status{}, err
	}
	if len(reply.Runs) != 1 {
		return rolling.Status{}, fmt.Errorf("control was asked for run %s and answers with %d", p.runs[f], len(reply.Runs))
	}
	return reply.Runs[0], nil
}

// follow tells how the runs get on until all have ended.
func (p *play) follow(ctx context.Context) error {
	told := map[*fleet]string{}
	return await(ctx, "the end of all runs", wholeRun, func() (bool, error) {
		ended := 0
		for _, f := range all {
			s, err := p.status(ctx, f)
			if err != nil {
				return false, err
			}
			if line := stage.Summary(s); line != told[f] && s.Run != "" {
				p.Say(f.name, "%s", line)
				told[f] = line
			}
			if s.Status == "ended" {
				ended++
			}
		}
		return ended == len(all), nil
	})
}
