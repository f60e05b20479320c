package ec2

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"quickstep/shared/cloud/awserr"
)

// Maintained lists the EC2 Fleets that launch an instance for each one that is lost or unhealthy:
// those of type maintain that aren't deleted, sorted by id. They are asked for by type, not by id:
// an account has few of them, while each instance may have a fleet of type instant of its own.
func (i Instances) Maintained(ctx context.Context) ([]string, error) {
	var fleets []string
	in := &api.DescribeFleetsInput{
		Filters: []types.Filter{{Name: aws.String("type"),
			Values: []string{string(types.FleetTypeMaintain)}}},
		MaxResults: aws.Int32(pageSize),
	}
	for {
		page, err := i.client.DescribeFleets(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("list the EC2 Fleets of type maintain: %w", awserr.Mark(err))
		}
		for _, f := range page.Fleets {
			// deleted, deleted_running, deleted_terminating: no instance is launched any more
			if f.Type == types.FleetTypeMaintain &&
				!strings.HasPrefix(string(f.FleetState), "deleted") {
				fleets = append(fleets, aws.ToString(f.FleetId))
			}
		}
		if aws.ToString(page.NextToken) == "" {
			slices.Sort(fleets)
			return fleets, nil
		}
		in.NextToken = page.NextToken
	}
}
