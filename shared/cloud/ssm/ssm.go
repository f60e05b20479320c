// Package ssm is Systems Manager as this project uses it: a parameter that holds a fleet's
// settings; the question that proves a reboot, "which boot are you?"; maintenance windows, the
// nodes that they patch, and their patches.
//
// That question is asynchronous: AskBoot sends a command, and BootAnswer, some seconds later, reads what became of
// it.
package ssm

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"quickstep/shared/cloud/awserr"
	"quickstep/shared/run"
)

// SystemsManager is Systems Manager in the Region.
type SystemsManager struct{ client *api.Client }

// New makes a client; it calls nothing yet.
func New(cfg aws.Config) SystemsManager { return SystemsManager{api.NewFromConfig(awserr.Watch(cfg))} }

// Parameter reads a parameter, decrypted if it is a SecureString. The error wraps
// run.ErrNoParameter if there is none of that name, and run.ErrSealed if it can't be decrypted.
func (s SystemsManager) Parameter(ctx context.Context, name string) (string, error) {
	out, err := s.client.GetParameter(ctx, &api.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)})
	switch awserr.Code(err) {
	case "ParameterNotFound", "ParameterVersionNotFound":
		return "", fmt.Errorf("read the SSM parameter %s: %w: %w", name, run.ErrNoParameter, err)
	}
	if sealed(err) {
		return "", fmt.Errorf("read the SSM parameter %s: %w: %w", name, run.ErrSealed, err)
	}
	if err != nil {
		return "", fmt.Errorf("read the SSM parameter %s: %w", name, awserr.Mark(err))
	}
	if out.Parameter == nil || out.Parameter.Value == nil {
		return "", fmt.Errorf("read the SSM parameter %s: the answer has no value", name)
	}
	return *out.Parameter.Value, nil
}

// sealed says whether Systems Manager got the parameter and couldn't decrypt it. A missing
// permission for the parameter itself has the same code, so the text decides: that of AWS KMS names
// it, or the action, or begins as its Decrypt does.
func sealed(err error) bool {
	switch awserr.Code(err) {
	case "InvalidKeyId":
		return true
	case "AccessDeniedException":
		return slices.ContainsFunc([]string{"kms:", "AWSKMS", "ciphertext refers to", "KMS key"},
			func(part string) bool {
				return strings.Contains(err.Error(), part)
			})
	}
	return false
}

// Managed says whether the instance's SSM agent is online, so that it would answer a command.
func (s SystemsManager) Managed(ctx context.Context, id string) (bool, error) {
	in := &api.DescribeInstanceInformationInput{
		Filters: []types.InstanceInformationStringFilter{{Key: aws.String("InstanceIds"), Values: []string{id}}},
	}
	for {
		page, err := s.client.DescribeInstanceInformation(ctx, in)
		if awserr.Code(err) == "InvalidInstanceId" {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("ask whether %s is managed: %w", id, awserr.Mark(err))
		}
		for _, i := range page.InstanceInformationList {
			if aws.ToString(i.InstanceId) == id {
				return i.PingStatus == types.PingStatusOnline, nil
			}
		}
		if aws.ToString(page.NextToken) == "" { // an empty page isn't always the last
			return false, nil
		}
		in.NextToken = page.NextToken
	}
}
