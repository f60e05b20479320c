package cloudtest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/encoding/cbor"

	"quickstep/shared/transient"
)

// Protocol writes an error with a code as a service's wire protocol does.
type Protocol func(code string) Answer

// Query is the protocol of Elastic Load Balancing and SNS.
func Query(code string) Answer {
	return Answer{Status: 400, Body: fmt.Sprintf(
		`<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>no</Message></Error></ErrorResponse>`, code)}
}

// EC2 is the protocol of EC2.
func EC2(code string) Answer {
	return Answer{Status: 400, Body: fmt.Sprintf(
		`<Response><Errors><Error><Code>%s</Code><Message>no</Message></Error></Errors></Response>`, code)}
}

// JSON is the protocol of DynamoDB, SQS, SSM and EventBridge.
func JSON(code string) Answer {
	return Answer{Status: 400, Body: fmt.Sprintf(`{"__type":"com.amazonaws.service#%s","message":"no"}`, code)}
}

// REST is the protocol of Lambda.
func REST(code string) Answer {
	return Answer{Status: 400, Header: map[string]string{"X-Amzn-ErrorType": code}, Body: `{"Message":"no"}`}
}

// CBOR is the protocol of CloudWatch.
func CBOR(code string) Answer {
	a := Bytes(cbor.Map{"__type": cbor.String("com.amazonaws.cloudwatch#" + code), "message": cbor.String("no")})
	a.Status = 400
	return a
}

// Bytes answers with a value in CBOR.
func Bytes(v cbor.Value) Answer {
	return Answer{Header: map[string]string{"Smithy-Protocol": "rpc-v2-cbor"}, Body: string(cbor.Encode(v))}
}

// Failures exercises one call of an adapter with the ways in which each call can fail.
func Failures(t *testing.T, protocol Protocol, call func(context.Context, aws.Config) error) {
	t.Helper()
	broken := protocol("InternalFailure")
	broken.Status = 500
	for _, c := range []struct {
		name             string
		answers          []Answer // the last is repeated
		passes, noEffect bool
	}{
		{"a throttle passes and certainly had no effect", []Answer{protocol("ThrottlingException")}, true, true},
		{"a throttle after a lost reply may have had one",
			[]Answer{{Lost: true}, protocol("ThrottlingException")}, true, false},
		{"a server error passes", []Answer{broken}, true, false},
		{"a lost connection passes", []Answer{{Lost: true}}, true, false},
		{"a missing permission doesn't pass", []Answer{protocol("AccessDeniedException")}, false, false},
		{"an invalid request doesn't pass", []Answer{protocol("ValidationError")}, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := 0
			w := Serve(t, func(Call) Answer {
				n++
				return c.answers[min(n, len(c.answers))-1]
			})
			err := call(t.Context(), w.Config)
			if err == nil {
				t.Fatal("no error")
			}
			if transient.Is(err) != c.passes || transient.IsNotApplied(err) != c.noEffect {
				t.Errorf("passes %t, without effect %t, want %t, %t: %v",
					transient.Is(err), transient.IsNotApplied(err), c.passes, c.noEffect, err)
			}
		})
	}
	t.Run("a call ends with its context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		w := Serve(t, func(Call) Answer {
			cancel()
			return Answer{Hang: true}
		})
		err := call(ctx, w.Config)
		if !errors.Is(err, context.Canceled) || !transient.Is(err) || transient.IsNotApplied(err) {
			t.Errorf("got %v", err)
		}
	})
}

// Garbled exercises one call that reads an answer with answers that can't be read; whole is one that can.
func Garbled(t *testing.T, whole Answer, call func(context.Context, aws.Config) error) {
	t.Helper()
	cut := whole
	cut.Cut = true
	noise := whole
	noise.Body = "\x7f<html>{Bad Gateway"
	for name, answer := range map[string]Answer{
		"an answer that breaks off passes": cut, "an answer that makes no sense passes": noise,
	} {
		t.Run(name, func(t *testing.T) {
			w := Serve(t, func(Call) Answer { return answer })
			if err := call(t.Context(), w.Config); !transient.Is(err) || transient.IsNotApplied(err) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func noDelay(int, error) (time.Duration, error) { return 0, nil }
