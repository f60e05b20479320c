package rolling

import (
	"context"
	"time"

	"quickstep/shared/run"
)

// Topic is where people are told.
type Topic interface {
	Publish(ctx context.Context, subject, text string) error
}

// Targets is what the steps read of target groups.
type Targets interface {
	Groups(ctx context.Context) ([]run.Group, error)
	Targets(ctx context.Context, group string) ([]run.Target, error)
}

// Machines is what the steps read of EC2.
type Machines interface {
	Machines(ctx context.Context, s run.Selection) ([]run.Machine, error)
}

// Probes look at an application from outside.
type Probes interface {
	HTTP(ctx context.Context, p run.HTTPProbe) run.Finding
	TCP(ctx context.Context, address string, timeout time.Duration) run.Finding
}

// Boots is how it is learned which boot an instance is on: by a command through Systems Manager,
// whose answer is fetched later.
type Boots interface {
	Managed(ctx context.Context, instance string) (bool, error)
	AskBoot(ctx context.Context, instance string, windows bool) (command string, err error)
	BootAnswer(ctx context.Context, instance, command string) (answer run.BootAnswer, done bool, err error)
}

// FleetMachines is what start reads of EC2.
type FleetMachines interface {
	Machines
	// Maintained lists the EC2 Fleets that replace their instances.
	Maintained(ctx context.Context) ([]string, error)
}

// MeasuredTargets is what start reads of target groups.
type MeasuredTargets interface {
	Targets
	// Delay is how long a deregistration from a group takes.
	Delay(ctx context.Context, group string) (time.Duration, error)
}
