// Package events is EventBridge's rules: which there are, and switching them off and on again. A rule that was
// disabled stays disabled for ever, so whoever disables one has written down before that it was enabled.
package events

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"quickstep/shared/cloud/awserr"
	"quickstep/shared/run"
)

const (
	// pageSize is the most rules that ListRules returns at once.
	pageSize = 100
	// defaultBus is the bus that an empty name means.
	defaultBus = "default"
)

// EventBridge is EventBridge in the Region.
type EventBridge struct{ client *api.Client }

// New makes a client; it calls nothing yet.
func New(cfg aws.Config) EventBridge { return EventBridge{api.NewFromConfig(awserr.Watch(cfg))} }

// Rules finds the rules of a bus (its name or ARN; empty for the default one) whose name begins with one of
// prefixes or is one of names, each once, sorted by name. Rules that an AWS service manages aren't ours to touch:
// they are left out. The error wraps run.ErrNoRule if there is none of ours of one of the names.
func (e EventBridge) Rules(ctx context.Context, bus string, prefixes, names []string) ([]run.Rule, error) {
	if bus == "" {
		bus = defaultBus
	}
	var rules []run.Rule
	for _, prefix := range prefixes {
		if prefix == "" {
			return nil, errors.New("list rules: an empty prefix would be all of the bus")
		}
		found, err := e.list(ctx, bus, prefix)
		if err != nil {
			return nil, fmt.Errorf("list rules named %s* of bus %s: %w", prefix, bus, err)
		}
		rules = append(rules, found...)
	}
	for _, name := range names {
		rule, err := e.Rule(ctx, bus, name)
		if err != nil {
			return nil, err
		}
		rules = append(rules, rule)
	}
	slices.SortStableFunc(rules, func(a, b run.Rule) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(rules, func(a, b run.Rule) bool { return a.Name == b.Name }), nil
}

// Rule reads one rule. The error wraps run.ErrNoRule if there is none of the name, run.ErrNotOurs
// if an AWS service manages it or it is in a state that couldn't be restored.
func (e EventBridge) Rule(ctx context.Context, bus, name string) (run.Rule, error) {
	rule := run.Rule{Bus: bus, Name: name}
	out, err := e.client.DescribeRule(ctx, &api.DescribeRuleInput{EventBusName: &bus, Name: &name})
	if err != nil {
		return rule, failed("read", rule, err)
	}
	if by := aws.ToString(out.ManagedBy); by != "" {
		return rule, fmt.Errorf("read rule %s of bus %s, which %s manages: %w", name, bus, by, run.ErrNotOurs)
	}
	rule.Enabled = enabled(out.State)
	return rule, restorable(rule, out.State)
}

func (e EventBridge) list(ctx context.Context, bus, prefix string) ([]run.Rule, error) {
	var rules []run.Rule
	in := &api.ListRulesInput{EventBusName: &bus, NamePrefix: &prefix, Limit: aws.Int32(pageSize)}
	for {
		page, err := e.client.ListRules(ctx, in)
		if err != nil {
			return nil, awserr.Mark(err)
		}
		for _, r := range page.Rules {
			if aws.ToString(r.ManagedBy) == "" {
				rule := run.Rule{Bus: bus, Name: aws.ToString(r.Name), Enabled: enabled(r.State)}
				if err := restorable(rule, r.State); err != nil {
					return nil, err
				}
				rules = append(rules, rule)
			}
		}
		if aws.ToString(page.NextToken) == "" {
			return rules, nil
		}
		in.NextToken = page.NextToken
	}
}

// restorable refuses a rule that EnableRule wouldn't put back as it was: it makes every rule plainly enabled.
func restorable(r run.Rule, s types.RuleState) error {
	if s == types.RuleStateEnabled || s == types.RuleStateDisabled {
		return nil
	}
	return fmt.Errorf("rule %s is %s, and EnableRule makes it plainly enabled: %w", r.Name, s, run.ErrNotOurs)
}

// enabled covers both ways to be: with and without CloudTrail's management events.
func enabled(s types.RuleState) bool { return s != types.RuleStateDisabled }

// Disable switches a rule off; off already is no error. The error wraps run.ErrNoRule if the rule no longer exists.
func (e EventBridge) Disable(ctx context.Context, r run.Rule) error {
	_, err := e.client.DisableRule(ctx, &api.DisableRuleInput{EventBusName: bus(r), Name: &r.Name})
	return failed("disable", r, err)
}

// Enable switches a rule on; on already is no error, nor is a rule that was deleted meanwhile.
func (e EventBridge) Enable(ctx context.Context, r run.Rule) error {
	_, err := e.client.EnableRule(ctx, &api.EnableRuleInput{EventBusName: bus(r), Name: &r.Name})
	if err = failed("enable", r, err); errors.Is(err, run.ErrNoRule) {
		return nil
	}
	return err
}

func bus(r run.Rule) *string {
	if r.Bus == "" {
		return aws.String(defaultBus)
	}
	return &r.Bus
}

func failed(verb string, r run.Rule, err error) error {
	if err == nil {
		return nil
	}
	what := fmt.Sprintf("%s rule %s of bus %s", verb, r.Name, *bus(r))
	if awserr.Code(err) == "ResourceNotFoundException" {
		return fmt.Errorf("%s: %w: %w", what, run.ErrNoRule, err)
	}
	return fmt.Errorf("%s: %w", what, awserr.Mark(err))
}
