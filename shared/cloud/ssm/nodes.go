package ssm

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"quickstep/shared/cloud/awserr"
	"quickstep/shared/report"
)

const (
	// nodePage is the most nodes that DescribeInstanceInformation returns at once.
	nodePage = 50
	// nodesPerCall is how many ids a filter names, of the 100 values that it may have: one page.
	nodesPerCall = 50
)

// Nodes finds the managed nodes of a selection, sorted by id. Ids that Systems Manager doesn't know are absent from
// the result, not an error. A selection of nothing is one, and so is a target that names no tag.
func (s SystemsManager) Nodes(ctx context.Context, selected report.Selection) ([]report.Node, error) {
	found, err := s.selected(ctx, selected)
	if err != nil {
		return nil, fmt.Errorf("list managed nodes: %w", awserr.Mark(err))
	}
	slices.SortFunc(found, func(a, b report.Node) int { return cmp.Compare(a.ID, b.ID) })
	return found, nil
}

func (s SystemsManager) selected(ctx context.Context, selected report.Selection) ([]report.Node, error) {
	filters, err := tagFilters(selected.Tags)
	switch {
	case err != nil:
		return nil, err
	case len(filters) > 0:
		return s.nodes(ctx, filters...)
	case len(selected.IDs) == 0:
		return nil, errors.New("neither ids nor tags were given, which would be all of the Region")
	}
	var found []report.Node
	ids := slices.Compact(slices.Sorted(slices.Values(selected.IDs)))
	for chunk := range slices.Chunk(ids, nodesPerCall) {
		some, err := s.named(ctx, chunk)
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	return found, nil
}

// named finds nodes by their ids. Where an id keeps the others from being answered for, halves are
// asked for until it stands alone: the API's reference has InvalidInstanceId among this call's
// errors, and doesn't say when.
func (s SystemsManager) named(ctx context.Context, ids []string) ([]report.Node, error) {
	found, err := s.nodes(ctx, types.InstanceInformationStringFilter{Key: aws.String("InstanceIds"), Values: ids})
	switch awserr.Code(err) {
	case "InvalidInstanceId", "InvalidInstanceInformationFilterValue":
	default:
		return found, err
	}
	if len(ids) == 1 {
		return nil, nil
	}
	half := len(ids) / 2
	first, err := s.named(ctx, ids[:half])
	if err != nil {
		return nil, err
	}
	second, err := s.named(ctx, ids[half:])
	return append(first, second...), err
}

func (s SystemsManager) nodes(
	ctx context.Context, filters ...types.InstanceInformationStringFilter,
) ([]report.Node, error) {
	var found []report.Node
	err := pages(func(token *string) (*string, error) {
		page, err := s.client.DescribeInstanceInformation(ctx, &api.DescribeInstanceInformationInput{
			Filters: filters, MaxResults: aws.Int32(nodePage), NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		for _, i := range page.InstanceInformationList {
			found = append(found, node(i))
		}
		return page.NextToken, nil
	})
	return found, err
}

func node(i types.InstanceInformation) report.Node {
	return report.Node{
		ID: aws.ToString(i.InstanceId), Name: aws.ToString(i.ComputerName), Managed: true,
		Platform: strings.TrimSpace(aws.ToString(i.PlatformName) + " " + aws.ToString(i.PlatformVersion)),
		Online:   i.PingStatus == types.PingStatusOnline,
	}
}

// tagFilters are the filters of tag:<key> and tag-key, whose own letters may be of any case.
func tagFilters(targets []report.Target) ([]types.InstanceInformationStringFilter, error) {
	var filters []types.InstanceInformationStringFilter
	for _, t := range targets {
		word, tag, _ := strings.Cut(t.Key, ":")
		key := strings.ToLower(word)
		switch {
		case len(t.Values) == 0:
			return nil, fmt.Errorf("the target %q has no values", t.Key)
		case key == "tag" && tag != "":
			key += ":" + tag
		case key != "tag-key":
			return nil, fmt.Errorf("the target %q is no tag", t.Key)
		}
		filters = append(filters, types.InstanceInformationStringFilter{Key: &key, Values: t.Values})
	}
	return filters, nil
}
