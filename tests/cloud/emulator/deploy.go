package emulator

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// StackName is what the stack is called.
const StackName = "quickstep"

// Limits are what MiniStack can't do, so that nothing here proves it.
var Limits = []string{
	"IAM: every call is allowed; roles are held against calls by tests/template",
	"transaction conflicts of DynamoDB: its writes come one after the other; tests/world makes them",
	"metrics of queues and functions: the stack's own alarms never change",
	"what EventBridge Scheduler puts into a schedule's input: it is put there by hand",
	"Fn::Join in a condition: without SubnetIds, IN_VPC would be true",
	"errors for EventBridge rules that don't exist: tests/cloud/adapters makes them",
}

// deploying is how long sam may take: fifteen seconds on an idle machine.
const deploying = 3 * time.Minute

// Config reaches an endpoint.
func Config(endpoint string) aws.Config {
	return aws.Config{
		Region:       Region,
		BaseEndpoint: &endpoint,
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient:   bufferedClient{awshttp.NewBuildableClient()},
	}
}

// Deploy deploys a template that sam has built.
func (e *Emulator) Deploy(ctx context.Context, sam, template string, parameters map[string]string) error {
	ctx, cancel := context.WithTimeout(ctx, deploying)
	defer cancel()
	args := []string{
		"deploy",
		"--template-file",
		template,
		"--stack-name",
		StackName,
		"--resolve-s3",
		"--capabilities",
		"CAPABILITY_IAM",
		"--no-confirm-changeset",
		"--no-progressbar",
		"--parameter-overrides",
	}
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		args = append(args, fmt.Sprintf("ParameterKey=%s,ParameterValue='%s'", name, parameters[name]))
	}
	deploy := exec.CommandContext(ctx, sam, args...)
	deploy.Env = e.environment()
	deploy.Dir = filepath.Dir(template) // there is no samconfig.toml that asks for confirmation
	said, err := deploy.CombinedOutput()
	if err != nil {
		return fmt.Errorf("sam deploy: %w\n%s", err, tail(said))
	}
	return os.WriteFile(filepath.Join(e.dir, "deploy.log"), said, 0o600)
}

// Shell runs commands as an operator pastes them, in a folder, with the program aws. Each line that fails ends it.
func (e *Emulator) Shell(ctx context.Context, aws, dir, commands string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, deploying)
	defer cancel()
	shell := exec.CommandContext(ctx, "sh", "-ec", commands)
	shell.Dir = dir
	shell.Env = append(
		e.environment(),
		"AWS_PAGER=",
		"PATH="+filepath.Dir(aws)+string(os.PathListSeparator)+os.Getenv("PATH"),
	)
	said, err := shell.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", commands, err, tail(said))
	}
	return string(said), nil
}

// tail are the last lines of what a program has said.
func tail(said []byte) string {
	lines := strings.Split(strings.TrimSpace(string(said)), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}
