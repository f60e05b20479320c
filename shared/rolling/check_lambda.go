package rolling

import (
	"context"
	"fmt"

	"quickstep/shared/run"
	"quickstep/shared/transient"
)

// CheckRequest is what a check function of the operator's is asked. It answers {"ready": true} or
// {"ready": false, "reason": "…"}.
type CheckRequest struct {
	Run       string `json:"run"`
	Instance  string `json:"instance"`
	PrivateIP string `json:"privateIp"` // an IPv6 one if there is no IPv4
}

// lambda asks a function of the operator's.
func (c Check) lambda(
	ctx context.Context, l *run.LambdaCheck, i *run.Instance, m *run.Machine, all *findings,
) error {
	request := CheckRequest{Run: i.Run, Instance: i.ID, PrivateIP: m.Host()}
	ok, why, err := c.Functions.Ready(ctx, l.Function, request)
	if transient.Is(err) {
		return fmt.Errorf("ask function %s about %s: %w", l.Function, i.ID, err)
	}
	if err != nil { // the operator's own function has failed, or isn't there: so the check doesn't pass
		ok, why = false, err.Error()
	}
	// it may have other reasons than that it is down
	all.add(l.Function+": ", run.Finding{OK: ok, Why: why}, false)
	return nil
}
