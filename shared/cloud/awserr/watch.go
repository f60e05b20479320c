package awserr

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/middleware"
)

// Watch is cfg for clients whose errors Mark can tell apart; each adapter builds its client from it.
func Watch(cfg aws.Config) aws.Config {
	watched := cfg.Copy()
	watched.APIOptions = append(slices.Clone(cfg.APIOptions), watch)
	return watched
}

// tally is the error of a whole call, with what its attempts have in common.
type tally struct {
	error
	refused bool // each attempt was; true as well if there was none
}

func (t *tally) Unwrap() error { return t.error }

type tallyKey struct{}

// watch puts one step around the whole call, which opens the tally, and one inside the retries,
// which sees each attempt.
func watch(stack *middleware.Stack) error {
	err := stack.Initialize.Add(middleware.InitializeMiddlewareFunc("QuickstepTally", count), middleware.Before)
	if err != nil {
		return err
	}
	attempt := middleware.FinalizeMiddlewareFunc("QuickstepAttempt", attempted)
	return stack.Finalize.Insert(attempt, "Retry", middleware.After)
}

func count(
	ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
) (middleware.InitializeOutput, middleware.Metadata, error) {
	t := &tally{refused: true}
	out, metadata, err := next.HandleInitialize(middleware.WithStackValue(ctx, tallyKey{}, t), in)
	if err != nil {
		t.error = err
		err = t
	}
	return out, metadata, err
}

func attempted(
	ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
) (middleware.FinalizeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleFinalize(ctx, in)
	if t, ok := middleware.GetStackValue(ctx, tallyKey{}).(*tally); ok && !isNotApplied(err) {
		t.refused = false
	}
	return out, metadata, err
}
