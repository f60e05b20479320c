package stage

import (
	"fmt"
	"strings"

	"quickstep/shared/rolling"
	"quickstep/shared/run"
)

// Summary is where a run is, in a line.
func Summary(s rolling.Status) string {
	steps := map[string]int{}
	var order []string
	for _, i := range s.InFlight {
		if steps[i.Step]++; steps[i.Step] == 1 {
			order = append(order, i.Step)
		}
	}
	for n, step := range order {
		order[n] = fmt.Sprintf("%d at %s", steps[step], step)
	}
	line := fmt.Sprintf("%-8s %d of %d done", s.Status, s.Done, s.Total)
	if s.Failed > 0 {
		line += fmt.Sprintf(", %d failed", s.Failed)
	}
	if s.Status == run.StepStarting || len(order) == 0 {
		return line
	}
	return line + "; " + strings.Join(order, ", ")
}
