package standin

import (
	"context"
	"fmt"
	"strings"

	"quickstep/shared/report"
	"quickstep/shared/run"
)

// plain takes back what keeps a letter from being a wildcard.
var plain = strings.NewReplacer(`\\`, `\`, `\*`, `*`, `\?`, `?`)

// selected are the instances that fit all filters of a request, of those that this project uses: ids, one pattern of a tag's
// value, several values as they are, and a tag's key.
func (s *Server) selected(ctx context.Context, q query) ([]run.Machine, error) {
	chosen := run.Selection{Tags: map[string]string{}}
	var exactly []report.Target
	for n := 1; q.Has(fmt.Sprintf("Filter.%d.Name", n)); n++ {
		name, values := q.Get(fmt.Sprintf("Filter.%d.Name", n)), q.list(fmt.Sprintf("Filter.%d.Value", n))
		key, tag := strings.CutPrefix(name, "tag:")
		switch {
		case name == "instance-id":
			chosen.IDs = append(chosen.IDs, values...)
		case tag && len(values) == 1 && !strings.Contains(values[0], `\`):
			chosen.Tags[key] = values[0]
		case tag, name == "tag-key":
			for i := range values {
				values[i] = plain.Replace(values[i])
			}
			exactly = append(exactly, report.Target{Key: name, Values: values})
		default:
			return nil, refuse("InvalidParameterValue", "the filter %q is none of those that are used here", name)
		}
	}
	if len(exactly) == 0 {
		return s.world.EC2().Machines(ctx, chosen)
	}
	nodes, err := s.world.EC2().Nodes(ctx, report.Selection{Tags: exactly})
	if err != nil || len(nodes) == 0 {
		return nil, err
	}
	for _, n := range nodes {
		chosen.IDs = append(chosen.IDs, n.ID)
	}
	return s.world.EC2().Machines(ctx, chosen)
}
