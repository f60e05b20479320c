package contract

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"quickstep/shared/report"
)

// ResourceGroups is what the patch report sees of resource groups.
type ResourceGroups interface {
	Members(ctx context.Context, group string, types []string) ([]string, error)
}

// ResourceGroupsFixture is a Region.
type ResourceGroupsFixture struct {
	Port ResourceGroups
	// Add adds a group of instances (i-…) and of machines elsewhere (mi-…).
	Add     func(t *testing.T, name string, ids ...string)
	Missing string // a group that doesn't exist
}

// ExerciseResourceGroups tests Members.
func ExerciseResourceGroups(t *testing.T, open func(t *testing.T) ResourceGroupsFixture) {
	t.Helper()
	exercise(t, open, []part[ResourceGroupsFixture]{
		{"members of both kinds are found, in order", membersBoth},
		{"types choose, in any case", membersByType},
		{"types that are no nodes choose nobody", membersOfOtherTypes},
		{"a group that lacks one of the types has those of the other", membersOfOneType},
		{"many members are all found", membersMany},
		{"an empty group has no members", membersNone},
		{"a group that doesn't exist is ErrNoGroup", membersMissing},
	})
}

const (
	instance  = "i-0123456789abcdef0"
	elsewhere = "mi-0123456789abcdef0"
)

func (f ResourceGroupsFixture) members(t *testing.T, group string, types ...string) []string {
	t.Helper()
	return must(f.Port.Members(t.Context(), group, types))(t)
}

func membersBoth(t *testing.T, f ResourceGroupsFixture) {
	f.Add(t, "web", elsewhere, instance)
	same(t, "members", f.members(t, "web"), []string{instance, elsewhere})
}

func membersByType(t *testing.T, f ResourceGroupsFixture) {
	f.Add(t, "web", elsewhere, instance)
	same(t, "instances", f.members(t, "web", "AWS::EC2::INSTANCE", "AWS::S3::Bucket"), []string{instance})
	same(t, "elsewhere", f.members(t, "web", "AWS::SSM::ManagedInstance"), []string{elsewhere})
	same(t, "both", f.members(t, "web", "aws::ssm::managedinstance", "AWS::EC2::Instance"), []string{instance, elsewhere})
}

func membersOfOtherTypes(t *testing.T, f ResourceGroupsFixture) {
	f.Add(t, "web", elsewhere, instance)
	same(t, "members", f.members(t, "web", "AWS::EC2::VPC"), nil)
}

func membersOfOneType(t *testing.T, f ResourceGroupsFixture) {
	f.Add(t, "web", instance)
	same(t, "members", f.members(t, "web", "AWS::EC2::Instance", "AWS::SSM::ManagedInstance"), []string{instance})
	same(t, "of the other", f.members(t, "web", "AWS::SSM::ManagedInstance"), nil)
}

func membersMany(t *testing.T, f ResourceGroupsFixture) {
	var want []string
	for n := range 120 {
		want = append(want, fmt.Sprintf("i-%017x", n))
	}
	f.Add(t, "many", slices.Concat(want[60:], want[:60])...)
	same(t, "members", f.members(t, "many"), want)
}

func membersNone(t *testing.T, f ResourceGroupsFixture) {
	f.Add(t, "empty")
	same(t, "members", f.members(t, "empty"), nil)
}

func membersMissing(t *testing.T, f ResourceGroupsFixture) {
	_, err := f.Port.Members(t.Context(), f.Missing, nil)
	if final(t, "a group that doesn't exist", err); !errors.Is(err, report.ErrNoGroup) {
		t.Errorf("the error is %v", err)
	}
}
