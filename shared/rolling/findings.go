package rolling

import (
	"context"

	"quickstep/shared/run"
)

// ready runs the checks that were asked for; the first that doesn't pass says why. As long as it
// matters whether the instance was seen down, all probes are made: the answer of one shows that it
// is up. Each kind of check is a file: check_ec2.go and its like.
func (c Check) ready(
	ctx context.Context, plan *run.Plan, i *run.Instance, m *run.Machine,
) (run.Finding, error) {
	asked := plan.Request.Check
	all := findings{probed: asked.TCP != nil || asked.HTTP != nil, whole: watched(plan, i)}
	if asked.EC2 {
		if err := c.statusChecks(ctx, i, &all); err != nil {
			return run.Finding{}, err
		}
	}
	if asked.TCP != nil {
		c.tcp(ctx, asked.TCP, m, &all)
	}
	if asked.HTTP != nil {
		c.http(ctx, plan, i, m, &all)
	}
	if asked.Lambda != nil && all.passed() {
		if err := c.lambda(ctx, asked.Lambda, i, m, &all); err != nil {
			return run.Finding{}, err
		}
	}
	return all.combined(), nil
}

// noHost is why an instance without a private address isn't probed: the address would be that of the
// function itself.
const noHost = "the instance has no private address that could be probed"

// findings are those of one look.
type findings struct {
	probed, whole bool // there are probes; all of them are to be made
	made          int
	why           string // of the first that didn't pass
	down, answers bool
}

func (f *findings) wanted() bool { return f.whole || f.passed() }
func (f *findings) passed() bool { return f.why == "" }

// add takes the finding of one check. EC2's word on whether the instance is down counts where
// nothing else is asked.
func (f *findings) add(name string, found run.Finding, probe bool) {
	f.made++
	if !found.OK && f.why == "" {
		f.why = name + found.Why
	}
	f.answers = f.answers || (probe && !found.Down)
	f.down = f.down || (found.Down && (probe || !f.probed))
}

// combined is what a look has found. A look that looked at nothing doesn't pass.
func (f *findings) combined() run.Finding {
	if f.made == 0 {
		return run.Finding{Why: "none of the checks applies to the instance"}
	}
	return run.Finding{OK: f.why == "", Down: f.down && !f.answers, Why: f.why}
}
