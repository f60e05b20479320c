// Package stage is the project's stack as the AWS SAM CLI deploys it onto an emulator of AWS,
// beside a stand-in for what no emulator has. make e2e plays on it, and make local lets sam local
// invoke reach it.
//
//	sam deploy ──► MiniStack: CloudFormation, SQS, Lambda, DynamoDB, SNS, EventBridge, CloudWatch alarms
//	                   │ starts            ▲ all else
//	                   ▼                   │
//	               functions ──► tests/cloud/standin: EC2, ELBv2, SSM, mute rules, on tests/world in real time
package stage

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"runtime"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"quickstep/tests/cloud/emulator"
	"quickstep/tests/cloud/standin"
	"quickstep/tests/template"
	"quickstep/tests/world"
)

// Options are what a stage is made of.
type Options struct {
	Ministack  string            // the program
	Sam        string            // the program
	Built      string            // the folder into which sam has built, for this machine's processor
	Dir        string            // takes the emulator's files and logs
	Host       string            // the address of this machine on which both listen; empty: loopback
	Parameters map[string]string // of the stack; Architecture is this machine's
	World      *world.World      // what the stand-in answers from
	Diary      *Log
}

// Stage is a deployed stack at work.
type Stage struct {
	*emulator.Stack
	Emulator        *emulator.Emulator
	StandIn         *standin.Server
	StandInEndpoint string
	Kept            int        // settings that the emulator has as the template says
	Dropped         []string   // settings that it dropped, and that were set afterwards
	Others          aws.Config // as the functions see EC2, ELBv2, SSM and CloudWatch

	http *http.Server
}

// NoStack is the stack of a world that only stands in: queues, ledger and functions are the
// emulator's.
func NoStack() *template.Stack { return &template.Stack{} }

// Architecture is this machine's processor in SAM's words.
func Architecture() string {
	if runtime.GOARCH == "arm64" {
		return "arm64"
	}
	return "x86_64"
}

// Open starts the emulator and the stand-in, deploys the template, and makes up for what the
// emulator has dropped.
func Open(ctx context.Context, o Options) (_ *Stage, err error) {
	if o.Host == "" {
		o.Host = "127.0.0.1"
	}
	s := &Stage{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	s.Emulator, err = emulator.Start(
		ctx,
		o.Ministack,
		o.Dir,
		o.Host,
		func(endpoint string) (string, error) {
			return s.serve(ctx, o, endpoint)
		},
	)
	if err != nil {
		return nil, err
	}
	o.Diary.Say(
		"all",
		"MiniStack is at %s, the stand-in for EC2, ELBv2, SSM and mute rules at %s",
		s.Emulator.Endpoint,
		s.StandInEndpoint,
	)
	s.Others = emulator.Config(s.StandInEndpoint)
	return s, s.deploy(ctx, o)
}

// serve begins to answer for what the emulator can't.
func (s *Stage) serve(ctx context.Context, o Options, upstream string) (string, error) {
	u, err := url.Parse(upstream)
	if err != nil {
		return "", err
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", net.JoinHostPort(o.Host, "0"))
	if err != nil {
		return "", fmt.Errorf("open a port for the stand-in: %w", err)
	}
	s.StandInEndpoint, s.StandIn = "http://"+l.Addr().String(), standin.New(o.World, u)
	s.http = &http.Server{Handler: s.StandIn, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.http.Serve(l) }() // ends with Close
	return s.StandInEndpoint, nil
}

func (s *Stage) deploy(ctx context.Context, o Options) error {
	built, err := filepath.Abs(filepath.Join(o.Built, "template.yaml"))
	if err != nil {
		return err
	}
	parameters := map[string]string{"Architecture": Architecture()}
	for name, value := range o.Parameters {
		parameters[name] = value
	}
	declared, err := template.Load("template.yaml", parameters)
	if err != nil {
		return err
	}
	if err := s.Emulator.Deploy(ctx, o.Sam, built, parameters); err != nil {
		return err
	}
	if s.Stack, err = emulator.Read(ctx, s.Emulator.Endpoint, declared); err != nil {
		return err
	}
	o.Diary.Say("stack", "sam has deployed %d functions and %d queues", len(s.Environment), len(s.Queues))
	s.Kept, s.Dropped, err = s.Settle(ctx)
	return err
}

// Variables are what a function needs beside its own variables to reach the stage, and nothing
// else.
func (s *Stage) Variables() map[string]string {
	return Variables(s.Emulator.Endpoint, s.StandInEndpoint)
}

// Variables are those for an emulator and a stand-in at these endpoints.
func Variables(emulated, other string) map[string]string {
	return map[string]string{
		"AWS_REGION": emulator.Region, "AWS_DEFAULT_REGION": emulator.Region,
		"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_SESSION_TOKEN": "",
		"AWS_ENDPOINT_URL":                           emulated,
		"AWS_ENDPOINT_URL_EC2":                       other,
		"AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2": other,
		"AWS_ENDPOINT_URL_SSM":                       other,
		"AWS_ENDPOINT_URL_CLOUDWATCH":                other,
	}
}

// Close ends both.
func (s *Stage) Close() (err error) {
	if s.Emulator != nil {
		err = s.Emulator.Stop()
	}
	if s.http != nil {
		_ = s.http.Close() // who still asks has been ended
	}
	return err
}
