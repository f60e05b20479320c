// Package groups is AWS Resource Groups as the patch report sees it: which nodes are in a group
// that a maintenance window names.
package groups

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/resourcegroups"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroups/types"

	"quickstep/shared/cloud/awserr"
	"quickstep/shared/report"
)

// pageSize is the most resources that ListGroupResources returns at once.
const pageSize = 50

// nodeTypes are the resource types of nodes: instances, and machines elsewhere.
var nodeTypes = []string{"AWS::EC2::Instance", "AWS::SSM::ManagedInstance"}

// Groups are the resource groups of the Region.
type Groups struct{ client *api.Client }

// New makes a client; it calls nothing yet.
func New(cfg aws.Config) Groups { return Groups{api.NewFromConfig(awserr.Watch(cfg))} }

// Members lists the ids of a group's nodes that are of one of the types, or of any type of node if
// none are given, sorted. The letters of a type may be of any case, as a window's targets have
// them; types of anything but nodes choose nobody, and cost no call if they are all. The error
// wraps report.ErrNoGroup if there is no such group.
//
// The request has no filter: it would be refused as a whole if one of its types weren't among those
// of the group's query.
func (g Groups) Members(ctx context.Context, group string, resourceTypes []string) ([]string, error) {
	chosen := slices.DeleteFunc(slices.Clone(nodeTypes), func(t string) bool {
		return len(resourceTypes) > 0 && !contains(resourceTypes, t)
	})
	if len(chosen) == 0 {
		return nil, nil
	}
	var ids []string
	in := &api.ListGroupResourcesInput{Group: &group, MaxResults: aws.Int32(pageSize)}
	for {
		page, err := g.client.ListGroupResources(ctx, in)
		if err == nil {
			err = inactive(page.QueryErrors)
		}
		if err != nil {
			return nil, failed(group, err)
		}
		for _, r := range page.Resources {
			if id := r.Identifier; id != nil && contains(chosen, aws.ToString(id.ResourceType)) {
				ids = append(ids, lastPart(aws.ToString(id.ResourceArn)))
			}
		}
		if aws.ToString(page.NextToken) == "" { // an empty page isn't always the last
			return slices.Compact(slices.Sorted(slices.Values(ids))), nil
		}
		in.NextToken = page.NextToken
	}
}

func contains(list []string, resourceType string) bool {
	return slices.ContainsFunc(list, func(t string) bool { return strings.EqualFold(t, resourceType) })
}

// inactive is the error of a group that is based on a CloudFormation stack, if that keeps it from
// being read: the answer would look as if the group were empty.
func inactive(problems []types.QueryError) error {
	for _, p := range problems {
		if strings.HasPrefix(string(p.ErrorCode), "CLOUDFORMATION_") {
			return errors.New(strings.TrimSpace(string(p.ErrorCode) + " " + aws.ToString(p.Message)))
		}
	}
	return nil
}

func failed(group string, err error) error {
	if awserr.Code(err) == "NotFoundException" {
		return fmt.Errorf("list the resource group %s: %w: %w", group, report.ErrNoGroup, err)
	}
	return fmt.Errorf("list the resource group %s: %w", group, awserr.Mark(err))
}

// lastPart is the id in an ARN: of …:instance/i-1 it is i-1.
func lastPart(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }
