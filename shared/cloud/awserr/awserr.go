// Package awserr reads the SDK's errors: what AWS called it, whether it passes by itself, and
// whether the call certainly took no effect.
//
// The last can't be told from the final error alone. When the reply to a first attempt is lost and the SDK's second
// attempt is throttled, the error says "throttled", and yet the call may have happened. So Watch makes clients keep
// a tally of all attempts of a call, and Mark reads it.
package awserr

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"quickstep/shared/transient"
)

// Code is the error code that AWS gave, such as "TargetGroupNotFound", or empty if err isn't an answer of AWS.
func Code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// Mark marks err by package transient if it passes by itself: throttles, 5xx answers, timeouts, lost connections
// and answers that can't be read. Whatever else, such as a missing permission, is returned as it is.
func Mark(err error) error {
	if err == nil || !isTransient(err) {
		return err
	}
	return MarkTransient(err)
}

// MarkTransient marks err as one that passes, for answers of which only the caller knows that they
// do. It is marked as refused if AWS declined each attempt of the call.
func MarkTransient(err error) error {
	var t *tally
	if errors.As(err, &t) && t.refused {
		return transient.NotApplied(err)
	}
	return transient.Mark(err)
}

func isTransient(err error) bool {
	return canceled(err) || unanswered(err) || slices.Contains(throttles, Code(err)) ||
		slices.Contains(transients, Code(err)) || overloaded(status(err))
}

// isNotApplied says that this one attempt certainly took no effect: AWS answered that it won't do it.
func isNotApplied(err error) bool {
	if unanswered(err) || slices.Contains(transients, Code(err)) {
		return false
	}
	if slices.Contains(throttles, Code(err)) { // EC2 throttles with status 503
		return true
	}
	s := status(err)
	return s >= 400 && s < 500 && s != http.StatusRequestTimeout
}

// canceled includes contexts that somebody canceled: the call was given up, not turned down.
func canceled(err error) bool {
	var c interface{ CanceledError() bool }
	return errors.As(err, &c) && c.CanceledError() ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// unanswered says that the request or its answer was lost on the way. An answer that can't be read counts: AWS
// sends none that is malformed, so something cut it off.
func unanswered(err error) bool {
	var send *smithyhttp.RequestSendError
	var read *smithy.DeserializationError
	return errors.As(err, &send) || errors.As(err, &read)
}

func status(err error) int {
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) && answer.Response != nil && answer.Response.Response != nil {
		return answer.HTTPStatusCode()
	}
	return 0
}

func overloaded(status int) bool {
	return status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout
}
