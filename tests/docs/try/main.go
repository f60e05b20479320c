// Command try runs the commands that README.md and the pages in docs/ show, as written, in a clean clone of what is
// committed: those that docs.Here leaves to it. With -account it prints the others, that act on an account, for
// tests/docs/options.py.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"quickstep/tests/docs"
)

func main() {
	tools := flag.String("tools", "", "a folder with the tools that the clone would else install anew")
	account := flag.Bool("account", false, "print the commands that act on an account, a JSON object a line")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := do(ctx, *tools, *account)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func do(ctx context.Context, tools string, account bool) error {
	all, err := docs.Commands(".")
	if err != nil {
		return err
	}
	if account {
		return list(all)
	}
	return try(ctx, docs.Tried(all), tools)
}

// list prints commands with the files that were written before them on their page.
func list(all []docs.Command) error {
	type listed struct {
		Page    string            `json:"page"`
		Command string            `json:"command"`
		Files   map[string]string `json:"files"`
	}
	out := json.NewEncoder(os.Stdout)
	files := map[string]map[string]string{}
	for _, c := range all {
		if files[c.Page] == nil {
			files[c.Page] = map[string]string{}
		}
		if name, text, writes := c.File(sample); writes {
			files[c.Page][name] = text
			continue
		}
		if !c.OnAccount() || !c.Fenced {
			continue
		}
		if err := out.Encode(listed{c.Page, c.Program(), files[c.Page]}); err != nil {
			return err
		}
	}
	return nil
}

// sample has the form of an output's value.
func sample(output string) string {
	for end, form := range map[string]string{
		"FunctionArn": "lambda:us-east-1:123456789012:function:", "RoleArn": "iam::123456789012:role/", "QueueArn": "sqs:us-east-1:123456789012:",
	} {
		if strings.HasSuffix(output, end) {
			return "arn:aws:" + form + output
		}
	}
	return output
}

// try runs commands in a clone, one after the other; the first that fails ends it.
func try(ctx context.Context, lines []string, tools string) error {
	dir, err := os.MkdirTemp("", "quickstep-commands-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	clone, err := clone(ctx, dir)
	if err != nil {
		return err
	}
	if tools != "" {
		if err := lend(tools, filepath.Join(clone, ".tools")); err != nil {
			return err
		}
	}
	for _, line := range lines {
		begun := time.Now()
		said, err := sh(ctx, clone, line)
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", line, err, said)
		}
		fmt.Printf("%4.0fs  %s\n", time.Since(begun).Seconds(), line)
	}
	return nil
}

// clone clones what is committed here from a repository that has it as its branch main, so that git pull works as
// it does for whoever cloned the project, whatever is checked out here.
func clone(ctx context.Context, dir string) (string, error) {
	origin, clone := filepath.Join(dir, "origin.git"), filepath.Join(dir, "quickstep")
	for _, args := range [][]string{
		{"init", "--quiet", "--bare", "--initial-branch=main", origin},
		{"-C", origin, "config", "receive.shallowUpdate", "true"},
		{"push", "--quiet", origin, "HEAD:refs/heads/main"},
		{"clone", "--quiet", origin, clone},
	} {
		if out, err := exec.CommandContext(ctx, "git", args...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("git %s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	return clone, nil
}

// lend links each tool, so that nothing that happens in the clone removes one.
func lend(tools, to string) error {
	from, err := filepath.Abs(tools)
	if err != nil {
		return err
	}
	found, err := os.ReadDir(from)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	for _, tool := range found {
		if !tool.IsDir() && tool.Type().IsRegular() && !strings.HasPrefix(tool.Name(), "golangci-lint") {
			continue // what tools have written
		}
		if err := os.Symlink(filepath.Join(from, tool.Name()), filepath.Join(to, tool.Name())); err != nil {
			return err
		}
	}
	return nil
}

// sh runs a command as pasted. Ours of the environment that a command of the clone must not take for its own is
// left out.
func sh(ctx context.Context, dir, line string) ([]byte, error) {
	c := exec.CommandContext(ctx, "sh", "-ec", line)
	c.Dir = dir
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "MAKE") || name == "MFLAGS" ||
			strings.HasPrefix(name, "AWS_") {
			continue
		}
		c.Env = append(c.Env, variable)
	}
	return c.CombinedOutput()
}
