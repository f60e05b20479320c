// Package function is what every Lambda function of this project begins with: its variables, the
// ledger, the queues, the clock. What else a function needs, its main adds.
package function

import (
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"quickstep/shared/choreo"
	"quickstep/shared/cloud"
	"quickstep/shared/cloud/dynamodb"
	"quickstep/shared/cloud/sqs"
	"quickstep/shared/config"
)

// Function is what a main builds its step of.
type Function struct {
	AWS  aws.Config // for the clients that only this function needs
	Deps choreo.Deps
}

// MustLoad reads the variables that all functions have, and those of this one into the structs that
// own points to. Its queues are those that template.yaml gives it in variables such as DRAIN_QUEUE.
// It panics if a variable is missing, or isn't what it should be: without them nothing can be done.
func MustLoad(own ...any) Function {
	var all struct {
		Table string `env:"TABLE"`
		// Lease is missing where nothing is claimed: in watchdog and control.
		Lease time.Duration `env:"LEASE" envDefault:"0s"`
	}
	config.MustLoad(append([]any{&all}, own...)...)
	cfg := cloud.MustLoad()
	return Function{AWS: cfg, Deps: choreo.Deps{
		Ledger: dynamodb.New(cfg, all.Table),
		Queues: sqs.New(cfg, queues(os.Environ())),
		Now:    choreo.Milliseconds(time.Now),
		Lease:  all.Lease,
		Margin: choreo.Margin,
	}}
}

// queues are the URLs of a function's queues, by their names in messages: DRAIN_QUEUE is that of
// drain.
func queues(environment []string) map[string]string {
	urls := map[string]string{}
	for _, variable := range environment {
		name, url, _ := strings.Cut(variable, "=")
		if queue, ok := strings.CutSuffix(name, "_QUEUE"); ok && url != "" {
			urls[strings.ToLower(queue)] = url
		}
	}
	return urls
}
