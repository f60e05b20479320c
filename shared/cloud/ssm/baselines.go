package ssm

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/ssm"

	"quickstep/shared/cloud/awserr"
)

// baselinePage is the most patch baselines that Systems Manager lists at once.
const baselinePage = 100

// Baselines reads the names of all patch baselines of the Region, AWS's own too, by their ids
// (pb-…). AWS's own are listed by their ARNs.
func (s SystemsManager) Baselines(ctx context.Context) (map[string]string, error) {
	names := map[string]string{}
	err := pages(func(token *string) (*string, error) {
		page, err := s.client.DescribePatchBaselines(ctx, &api.DescribePatchBaselinesInput{
			MaxResults: aws.Int32(baselinePage), NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		for _, b := range page.BaselineIdentities {
			id := aws.ToString(b.BaselineId)
			names[id[strings.LastIndex(id, "/")+1:]] = aws.ToString(b.BaselineName)
		}
		return page.NextToken, nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the patch baselines: %w", awserr.Mark(err))
	}
	return names, nil
}
