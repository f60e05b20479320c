package rolling

import (
	"context"
	"fmt"
	"time"

	"quickstep/shared/input"
	"quickstep/shared/run"
)

// AWS's lower limit of DescribeTargetHealth for an account and Region: a burst of 40 calls, and 10
// a second (the limits of Elastic Load Balancing's API as documented until 2026; newer accounts
// have more).
const (
	readBurst = 40
	readRate  = 10
)

// readable is how many target groups can be read within lookFor by whatever account, if nobody else
// reads.
const readable = readBurst + readRate*int(readTimeLimit/time.Second)

// counted counts the target groups that are read.
type counted struct {
	targets Targets
	n       int
}

// Groups lists the target groups.
func (c *counted) Groups(ctx context.Context) ([]run.Group, error) { return c.targets.Groups(ctx) }

// Targets reads a target group.
func (c *counted) Targets(ctx context.Context, group string) ([]run.Target, error) {
	c.n++
	return c.targets.Targets(ctx, group)
}

// checkReadingFits refuses a fleet whose target groups can't be read in the time that one look at
// the gate has. A reading that was slow although there are few groups is a throttle that passes.
func checkReadingFits(q *run.Request, r run.Reading) error {
	if took := time.Duration(r.Took); r.Groups > readable && took > readTimeLimit {
		return input.Refuse(selectorField(q), "ask AWS for a higher rate of "+
			"DescribeTargetHealth, or delete target groups that nobody uses",
			"%d target groups could hold its instances, and to read them took %s; an instance "+
				"that leaves has %s for that", r.Groups, run.Span(took), run.Span(readTimeLimit))
	}
	return nil
}

// slowReading remarks that instances will wait for one another's readings, if they will.
func slowReading(r run.Reading, tokens int) []string {
	calls := r.Groups * tokens
	if calls <= readable {
		return nil
	}
	return []string{
		fmt.Sprintf(
			"%d target groups are read twice for each instance; at AWS's lower limit of %d calls a second "+
				"that takes %s for %d at once: who isn't through after %s waits and begins anew, "+
				"which costs time and no instance",
			r.Groups,
			readRate,
			run.Span(time.Duration(calls-readBurst)*time.Second/readRate),
			tokens,
			run.Span(readTimeLimit),
		),
	}
}

// proofRemarks remarks that instances without a readable boot id will be believed by time alone.
func proofRemarks(q *run.Request) []string {
	if q.Check.TCP != nil || q.Check.HTTP != nil || q.Proof == run.ProofRequired {
		return nil
	}
	return []string{
		fmt.Sprintf(
			"an instance whose boot id can't be read counts as rebooted %s after its reboot at the earliest; "+
				"with check.http or check.tcp that is seen sooner",
			run.Span(run.HungReboot),
		),
	}
}
