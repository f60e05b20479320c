package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	ledgertable "quickstep/shared/cloud/dynamodb"
	"quickstep/shared/cloud/events"
	"quickstep/shared/ledger"
	"quickstep/tests/cloud/stage"
)

// account is the deployed stack, and what operators and others have in the same account, over the wire.
type account struct{ *stage.Stage }

// prepare puts the fleets' settings, alarms and rules where an operator has them.
func (a *account) prepare(ctx context.Context) error {
	for _, f := range all {
		err := errors.Join(a.PutFleet(ctx, f.name, f.settings()), a.PutAlarm(ctx, f.alarm(), f.size-1),
			a.PutRule(ctx, "default", f.heal(), true), a.PutRule(ctx, "default", f.retired(), false))
		if err != nil {
			return err
		}
	}
	return nil
}

// rules says which of a fleet's rules aren't as they should be.
func (a *account) rules(ctx context.Context, f *fleet, healEnabled bool) (wrong []string) {
	for name, want := range map[string]bool{f.heal(): healEnabled, f.retired(): false} {
		rule, err := events.New(a.Config).Rule(ctx, "default", name)
		if err != nil || rule.Enabled != want {
			wrong = append(wrong, fmt.Sprintf("R6: rule %s is enabled: %t, and should be: %t (%v)", name, rule.Enabled, want, err))
		}
	}
	return wrong
}

// purge empties the queues of the steps, and says how many messages were lost.
func (a *account) purge(ctx context.Context, queues ...string) (lost int, err error) {
	for _, name := range queues {
		now, later, _, err := a.Left(ctx, name)
		if err != nil {
			return lost, err
		}
		lost += now + later
		if _, err := sqs.NewFromConfig(a.Config).PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: aws.String(a.Queues[name])}); err != nil {
			return lost, fmt.Errorf("purge queue %s: %w", name, err)
		}
	}
	return lost, nil
}

// partitions are the ledger's, sorted.
func (a *account) partitions(ctx context.Context) (keys []string, err error) {
	pages := dynamodb.NewScanPaginator(dynamodb.NewFromConfig(a.Config), &dynamodb.ScanInput{TableName: &a.Table})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("scan the ledger: %w", err)
		}
		for _, item := range page.Items {
			if pk, ok := item["pk"].(*dynamotypes.AttributeValueMemberS); ok {
				keys = append(keys, pk.Value)
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys), nil
}

// rest is what a run must not leave in the ledger.
func (a *account) rest(ctx context.Context) (wrong []string) {
	keys, err := a.partitions(ctx)
	if err != nil {
		return []string{err.Error()}
	}
	table := ledgertable.New(a.Config, a.Table)
	for _, pk := range keys {
		var muted struct {
			Runs      []string
			Restoring bool
		}
		if strings.HasPrefix(pk, "MUTE#") { // that a rule was held once may stay written down
			_, err = ledger.Read(ctx, table, ledger.Key{PK: pk, SK: "MUTE"}, &muted)
		}
		if pk == "ACTIVE" || pk == "OUT" || strings.HasPrefix(pk, "LOCK#") || len(muted.Runs) > 0 || muted.Restoring || err != nil {
			wrong = append(wrong, fmt.Sprintf("the ledger still has %s (%+v, %v)", pk, muted, err))
		}
	}
	return wrong
}
