package contract_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"quickstep/shared/run"
)

// TestEveryStateOfATarget walks what Elastic Load Balancing may answer: a state that is added to the SDK has to be decided
// here.
func TestEveryStateOfATarget(t *testing.T) {
	registered := map[types.TargetHealthStateEnum]bool{"initial": true, "healthy": true, "unhealthy": true,
		"unhealthy.draining": true, "unused": true, "unavailable": true, "draining": false}
	for _, state := range types.TargetHealthStateEnum("").Values() {
		want, decided := registered[state]
		if !decided {
			t.Errorf("%s isn't decided", state)
		}
		for _, reason := range append(types.TargetHealthReasonEnum("").Values(), "") {
			target := run.Target{State: string(state), Reason: string(reason)}
			is := want && reason != "Target.DeregistrationInProgress" && (state != "unused" || reason != "Target.NotRegistered")
			if got := target.Registered(); got != is {
				t.Errorf("%s, %s: registered %t, want %t", state, reason, got, is)
			}
			if target.Healthy() != (state == "healthy") || target.Initial() != (state == "initial") {
				t.Errorf("%s: healthy %t, initial %t", state, target.Healthy(), target.Initial())
			}
		}
	}
}
