package rolling

import (
	"context"
	"fmt"

	"quickstep/shared/run"
)

// statusChecks asks EC2, all that apply: instance, system, attached EBS volumes, application.
func (c Check) statusChecks(ctx context.Context, i *run.Instance, all *findings) error {
	s, err := c.EC2.Status(ctx, i.ID)
	if err != nil {
		return fmt.Errorf("read the status checks of %s: %w", i.ID, err)
	}
	all.add("EC2: ", s.Finding(), false)
	return nil
}
