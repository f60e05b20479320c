package rolling

import (
	"fmt"

	"quickstep/shared/run"
)

// remarks are what whoever asks should know before it begins.
func remarks(r *run.Run, plan *run.Plan) []string {
	all := slowReading(plan.Reading, r.Limit)
	if r.MaxErrors >= r.Limit {
		all = append(all, fmt.Sprintf("maxErrors %d can't be used up by instances that fail out of service: "+
			"each keeps a token, of which the run has %d", r.MaxErrors, r.Limit))
	}
	all = append(all, proofRemarks(&plan.Request)...)
	return append(all, stillActing(plan.Dependents)...)
}

// stillActing are the remarks on composite alarms that depend on muted ones.
func stillActing(dependents []run.Dependent) []string {
	const most = 10
	var all []string
	for _, d := range dependents[:min(len(dependents), most)] {
		all = append(
			all,
			fmt.Sprintf(
				"composite alarm %s depends on muted alarm %s and isn't muted: it can fire",
				d.Name,
				d.On,
			),
		)
	}
	if more := len(dependents) - most; more > 0 {
		all = append(
			all,
			fmt.Sprintf("%d more composite alarms depend on muted alarms and aren't muted", more),
		)
	}
	return all
}
