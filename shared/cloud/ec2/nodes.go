package ec2

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"quickstep/shared/report"
	"quickstep/shared/run"
)

// literal escapes what EC2's filters would take for a wildcard: a window's targets have none.
var literal = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`)

// Nodes finds the instances of a selection, whatever their state, sorted by id; terminated ones
// too, for as long as EC2 shows them. Ids that it doesn't know are absent from the result, not an
// error; those that aren't of its own form, i-…, it isn't asked for. A selection of nothing is an
// error, and so is a target that names no tag.
func (i Instances) Nodes(ctx context.Context, s report.Selection) ([]report.Node, error) {
	machines, err := i.selected(ctx, s)
	if err != nil {
		return nil, err
	}
	var nodes []report.Node
	for _, m := range machines {
		nodes = append(nodes, report.Node{ID: m.ID, Name: m.Tags["Name"], State: m.State})
	}
	return nodes, nil
}

func (i Instances) selected(ctx context.Context, s report.Selection) ([]run.Machine, error) {
	filters, err := targetFilters(s.Tags)
	switch {
	case err != nil:
		return nil, fmt.Errorf("list instances: %w", err)
	case len(filters) > 0:
		return i.list(ctx, filters)
	case len(s.IDs) == 0:
		return nil, errors.New("list instances: neither ids nor tags were given, which would be all of the Region")
	}
	var ids []string
	for _, id := range s.IDs {
		if strings.HasPrefix(id, "i-") && !strings.ContainsAny(id, `*?\`) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return i.Machines(ctx, run.Selection{IDs: ids})
}

// targetFilters are the filters of tag:<key> and tag-key, whose own letters may be of any case.
func targetFilters(targets []report.Target) ([]types.Filter, error) {
	var filters []types.Filter
	for _, t := range targets {
		word, tag, _ := strings.Cut(t.Key, ":")
		name := strings.ToLower(word)
		switch {
		case len(t.Values) == 0:
			return nil, fmt.Errorf("the target %q has no values", t.Key)
		case name == "tag" && tag != "":
			name += ":" + tag
		case name != "tag-key":
			return nil, fmt.Errorf("the target %q is no tag", t.Key)
		}
		filter := types.Filter{Name: &name}
		for _, value := range t.Values {
			filter.Values = append(filter.Values, literal.Replace(value))
		}
		filters = append(filters, filter)
	}
	return filters, nil
}
