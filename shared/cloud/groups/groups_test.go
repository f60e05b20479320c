package groups_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"quickstep/shared/cloud/cloudtest"
	"quickstep/shared/cloud/groups"
	"quickstep/shared/report"
	"quickstep/shared/transient"
)

// members is a page of resources, each a type and an ARN.
func members(next string, resources ...string) cloudtest.Answer {
	var items []string
	for _, r := range resources {
		kind, arn, _ := strings.Cut(r, " ")
		items = append(items, fmt.Sprintf(`{"Identifier":{"ResourceType":"%s","ResourceArn":"%s"}}`, kind, arn))
	}
	return cloudtest.Answer{Body: fmt.Sprintf(`{"Resources":[%s],"NextToken":"%s"}`, strings.Join(items, ","), next)}
}

const (
	instance  = "AWS::EC2::Instance arn:aws:ec2:eu-west-1:111122223333:instance/"
	elsewhere = "AWS::SSM::ManagedInstance arn:aws:ssm:eu-west-1:111122223333:managed-instance/"
	another   = "AWS::EC2::VPC arn:aws:ec2:eu-west-1:111122223333:vpc/"
)

// inPages answers with three pages, one of them empty.
func inPages(c cloudtest.Call) cloudtest.Answer {
	switch c.JSON()["NextToken"] {
	case nil:
		return members("two", elsewhere+"mi-1", instance+"i-2", another+"vpc-1")
	case "two":
		return members("three")
	}
	return members("", instance+"i-1", instance+"i-2")
}

func TestMembers(t *testing.T) {
	for name, c := range map[string]struct{ types, want []string }{
		"of no type are all nodes":        {nil, []string{"i-1", "i-2", "mi-1"}},
		"of instances":                    {[]string{"AWS::EC2::Instance"}, []string{"i-1", "i-2"}},
		"of machines elsewhere":           {[]string{"AWS::SSM::ManagedInstance"}, []string{"mi-1"}},
		"of types as windows write them":  {[]string{"AWS::EC2::INSTANCE", "AWS::EC2::VPC"}, []string{"i-1", "i-2"}},
		"of all types that there are too": {[]string{"AWS::SSM::ManagedInstance", "AWS::EC2::Instance", "AWS::S3::Bucket"}, []string{"i-1", "i-2", "mi-1"}},
	} {
		w := cloudtest.Serve(t, inPages)
		got, err := groups.New(w.Config).Members(t.Context(), "web", c.types)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, c.want)
		}
		for n, call := range w.Calls() {
			in := map[string]any{"Group": "web", "MaxResults": 50.0}
			if n > 0 {
				in["NextToken"] = []string{"", "two", "three"}[n]
			}
			if call.Path != "/list-group-resources" || !reflect.DeepEqual(call.JSON(), in) {
				t.Errorf("%s: call %d of %s sent %s", name, n+1, call.Path, call.Body)
			}
		}
		if len(w.Calls()) != 3 {
			t.Errorf("%s: %d calls", name, len(w.Calls()))
		}
	}
}

func TestTypesOfAnythingButNodesChooseNobody(t *testing.T) {
	w := cloudtest.Serve(t, inPages)
	if got, err := groups.New(w.Config).Members(t.Context(), "web", []string{"AWS::EC2::VPC"}); len(got) > 0 ||
		err != nil ||
		len(w.Calls()) > 0 {
		t.Errorf("got %v, %v by %d calls", got, err, len(w.Calls()))
	}
}

func TestAGroupThatDoesNotExist(t *testing.T) {
	w := cloudtest.Serve(t, func(cloudtest.Call) cloudtest.Answer {
		missing := cloudtest.REST("NotFoundException")
		missing.Status = 404
		return missing
	})
	if got, err := groups.New(w.Config).Members(t.Context(), "web", nil); !errors.Is(err, report.ErrNoGroup) ||
		transient.Is(err) ||
		got != nil ||
		!strings.Contains(err.Error(), "web") {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestAGroupWhoseStackCannotBeReadIsNotEmpty(t *testing.T) {
	for code, fails := range map[string]bool{"CLOUDFORMATION_STACK_NOT_EXISTING": true, "CLOUDFORMATION_STACK_UNASSUMABLE_ROLE": true, "RESOURCE_TYPE_NOT_SUPPORTED": false} {
		w := cloudtest.Serve(t, func(cloudtest.Call) cloudtest.Answer {
			return cloudtest.Answer{
				Body: `{"Resources":[],"QueryErrors":[{"ErrorCode":"` + code + `","Message":"no stack"}]}`,
			}
		})
		if got, err := groups.New(w.Config).Members(t.Context(), "web", nil); (err != nil) != fails ||
			transient.Is(err) ||
			len(got) > 0 {
			t.Errorf("%s: got %v, %v", code, got, err)
		}
	}
}

func TestOddResourcesAreLeftOut(t *testing.T) {
	w := cloudtest.Serve(t, func(cloudtest.Call) cloudtest.Answer {
		return cloudtest.Answer{
			Body: `{"Resources":[{},{"Identifier":{}},{"Identifier":{"ResourceType":"AWS::EC2::Instance","ResourceArn":"arn:aws:ec2:r:1:instance/i-1"}}]}`,
		}
	})
	if got, err := groups.New(w.Config).Members(t.Context(), "web", nil); err != nil ||
		!slices.Equal(got, []string{"i-1"}) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestFailures(t *testing.T) {
	call := func(ctx context.Context, cfg aws.Config) error {
		_, err := groups.New(cfg).Members(ctx, "web", nil)
		return err
	}
	cloudtest.Failures(t, cloudtest.REST, call)
	cloudtest.Garbled(t, members("", instance+"i-1"), call)
	n := 0
	w := cloudtest.Serve(t, func(cloudtest.Call) cloudtest.Answer {
		if n++; n == 1 {
			return cloudtest.REST("TooManyRequestsException")
		}
		return members("", instance+"i-1")
	})
	if err := call(t.Context(), w.Config); err != nil || n != 2 {
		t.Errorf("after a throttle: %v, %d calls", err, n)
	}
}
