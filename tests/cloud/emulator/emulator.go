// Package emulator runs MiniStack, an emulator of AWS, as a child process, and deploys the project's template
// onto it with the AWS SAM CLI, as one would onto AWS.
//
//	sam deploy ──► MiniStack: CloudFormation ─► queues, table, topics, functions, schedules
//	                   │ starts
//	                   ▼
//	               real bootstrap binaries ──► MiniStack: SQS, DynamoDB, SNS, EventBridge, CloudWatch alarms
//	                                     └───► tests/cloud/standin: EC2, ELBv2, SSM, alarm mute rules
//
// It gets an environment of its own, so that no credentials and no endpoint of whoever runs it reach the functions. What
// the emulator drops on deploy is set afterwards and read again, so that the step does nothing once the emulator keeps it.
package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Region is where everything is deployed.
const Region = "us-east-1"

const (
	// ready is how long MiniStack may take to start: three seconds on an idle machine.
	ready = time.Minute
	// grace is how long it may take to stop.
	grace = 15 * time.Second
)

// Emulator is a running MiniStack.
type Emulator struct {
	Endpoint string
	Log      string // the file with what MiniStack and the functions say
	dir      string
	command  *exec.Cmd
	ended    chan error
}

// Start starts the program on an address of this machine, with its files below dir. standIn gives the endpoint of the server that takes the place of EC2,
// ELBv2, SSM and CloudWatch in the functions' eyes, once MiniStack's own endpoint is known.
func Start(ctx context.Context, program, dir, host string, standIn func(endpoint string) (string, error)) (*Emulator, error) {
	port, err := freePort(ctx, host)
	if err != nil {
		return nil, err
	}
	e := &Emulator{Endpoint: "http://" + net.JoinHostPort(host, port), Log: filepath.Join(dir, "ministack.log"), dir: dir, ended: make(chan error, 1)}
	other, err := standIn(e.Endpoint)
	if err != nil {
		return nil, err
	}
	if err := Local(host, e.Endpoint, other); err != nil {
		return nil, err
	}
	log, err := os.Create(e.Log)
	if err != nil {
		return nil, err
	}
	defer log.Close()                                                    // the child has its own
	e.command = exec.CommandContext(context.WithoutCancel(ctx), program) // Stop ends it, gently
	e.command.Dir, e.command.Stdout, e.command.Stderr = dir, log, log
	e.command.Env = append(e.environment(),
		"BIND_HOST="+host, "MINISTACK_HOST="+host, "GATEWAY_PORT="+port, "LAMBDA_EXECUTOR=local", "DOCKER_HOST=unix:///dev/null",
		"STATE_DIR="+filepath.Join(dir, "state"), "S3_DATA_DIR="+filepath.Join(dir, "s3"),
		"AWS_ENDPOINT_URL_EC2="+other, "AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2="+other, "AWS_ENDPOINT_URL_SSM="+other,
		"AWS_ENDPOINT_URL_CLOUDWATCH="+other)
	if err := e.command.Start(); err != nil {
		return nil, fmt.Errorf("start MiniStack: %w", err)
	}
	go func() { e.ended <- e.command.Wait() }()
	if err := e.awaitReady(ctx); err != nil {
		return nil, errors.Join(err, e.Stop())
	}
	return e, nil
}

// environment is what MiniStack and sam see: nothing of ours but the path to the system's programs.
func (e *Emulator) environment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + e.dir, "TMPDIR=" + e.dir, "LANG=C.UTF-8", "AWS_ENDPOINT_URL=" + e.Endpoint,
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_DEFAULT_REGION=" + Region, "SAM_CLI_TELEMETRY=0"}
}

// freePort is one that nobody listens on now.
func freePort(ctx context.Context, host string) (string, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

func (e *Emulator) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, ready)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-e.ended:
			e.ended <- err
			return fmt.Errorf("MiniStack ended at once, and %s says why: %w", e.Log, err)
		case <-ctx.Done():
			return fmt.Errorf("MiniStack isn't ready after %s; %s says why", ready, e.Log)
		case <-tick.C:
		}
		if r, err := http.NewRequestWithContext(ctx, http.MethodGet, e.Endpoint+"/_ministack/ready", http.NoBody); err == nil && answers(r) {
			return nil
		}
	}
}

func answers(r *http.Request) bool {
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	defer a.Body.Close()
	_, _ = io.Copy(io.Discard, a.Body)
	return a.StatusCode == http.StatusOK
}

// Stop ends MiniStack and the functions that it has started, each by its process id.
func (e *Emulator) Stop() error {
	children, _ := e.children() // without a list, MiniStack itself has to see to them
	if err := e.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop MiniStack: %w", err)
	}
	select {
	case <-e.ended:
	case <-time.After(grace):
		_ = e.command.Process.Kill()
		<-e.ended
	}
	for _, c := range children {
		if still, err := environment(c.pid); err == nil && strings.Join(still, "\n") == strings.Join(c.environment, "\n") {
			_ = syscall.Kill(c.pid, syscall.SIGKILL)
		}
	}
	return nil
}
