package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"quickstep/tests/template"
)

// cli asks an AWS account by the AWS CLI, with whatever credentials its caller has given it.
type cli struct{ program string }

func (c cli) ask(ctx context.Context, answer any, args ...string) error {
	out, err := exec.CommandContext(ctx, c.program, append(args, "--output", "json")...).Output()
	var exit *exec.ExitError
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return errors.New("the AWS CLI isn't installed: " +
			"https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html")
	case errors.As(err, &exit):
		said := strings.TrimSpace(string(exit.Stderr))
		return fmt.Errorf("aws %s: %s", strings.Join(args[:2], " "), said)
	case err != nil:
		return fmt.Errorf("aws %s: %w", strings.Join(args[:2], " "), err)
	}
	return json.Unmarshal(out, answer)
}

// confirmed is the account of the caller, if that is the one which the caller says.
func (c cli) confirmed(ctx context.Context, confirm string) (account string, err error) {
	var caller struct{ Account, Arn string }
	if err := c.ask(ctx, &caller, "sts", "get-caller-identity"); err != nil {
		return "", err
	}
	if confirm != caller.Account || confirm == "" {
		return "", fmt.Errorf("your credentials (%s) are of account %[2]s, and what is invoked acts "+
			"on that account: if that is what you want, say CONFIRM=%[2]s", caller.Arn, caller.Account)
	}
	return caller.Account, nil
}

// deployedStack is what a stack's functions are given where it is deployed.
type deployedStack struct {
	region      string
	environment map[string]map[string]string
}

// read reads the functions of a deployed stack, which are called after it.
func (c cli) read(ctx context.Context, t *template.Stack, stack, account string) (deployedStack, error) {
	s := deployedStack{}
	s.environment = map[string]map[string]string{}
	for name := range t.Functions {
		var f struct {
			FunctionArn string
			Environment struct{ Variables map[string]string }
		}
		err := c.ask(ctx, &f, "lambda", "get-function-configuration", "--function-name", stack+"-"+name)
		if err != nil {
			return s, fmt.Errorf("read function %s of stack %s: %w", name, stack, err)
		}
		arn := strings.Split(f.FunctionArn, ":") // arn:aws:lambda:<Region>:<account>:function:<name>
		if len(arn) < 7 || arn[4] != account {
			return s, fmt.Errorf("read function %s of stack %s: %q isn't in account %s",
				name, stack, f.FunctionArn, account)
		}
		s.region, s.environment[name] = arn[3], f.Environment.Variables
	}
	return s, nil
}

// onAccount derives the template for a deployed stack: no endpoints, no credentials; sam hands the
// caller's to the container.
func onAccount(ctx context.Context, c cli, t *template.Stack, stack, confirm string, to target) (
	d derived, account string, err error,
) {
	if account, err = c.confirmed(ctx, confirm); err != nil {
		return d, "", err
	}
	s, err := c.read(ctx, t, stack, account)
	if err != nil {
		return d, "", err
	}
	to.about = fmt.Sprintf("Acts on stack %s in account %s, %s.", stack, account, s.region)
	region := map[string]string{"AWS_REGION": s.region, "AWS_DEFAULT_REGION": s.region}
	d, err = derive(t, to, s.environment, region)
	return d, account, err
}
