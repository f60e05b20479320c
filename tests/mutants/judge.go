package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// patience is how long one kind of test may take: several times what it takes without a mutant.
const patience = 10 * time.Minute

// kinds are the tests that a mutant must get through after the storms, the rules' own first.
var kinds = []struct {
	name string
	args []string
}{
	{"single fault", []string{"-run", "TestR8NoSingleFault", "./tests/storm"}},
	{"scenario", []string{"-skip", "TestStories", "./tests/sim"}},
	{"unit test", []string{"./shared/..."}},
	{"template test", []string{"./tests/template"}},
}

// judge runs everything that could find a mutant, and says what has; empty if nothing does.
func (t tree) judge(ctx context.Context, seeds int) (found string, err error) {
	if out, err := t.run(ctx, "go", "vet", "./shared/...", "./tests/sim", "./tests/storm", "./tests/template"); err != nil {
		return "", fmt.Errorf("it doesn't compile: %w\n%s", err, out)
	}
	if out, err := t.run(ctx, "go", "build", "-o", "first.exe", "./tests/mutants/first"); err != nil {
		return "", fmt.Errorf("build the storms: %w\n%s", err, out)
	}
	out, err := t.run(ctx, "./first.exe", "-seeds", strconv.Itoa(seeds))
	if err != nil {
		line, _, _ := strings.Cut(string(out), "\n")
		return "seed " + line, ctx.Err()
	}
	for _, k := range kinds {
		out, err := t.run(ctx, "go", append([]string{"test", "-failfast"}, k.args...)...)
		if err == nil {
			continue
		}
		if name := failed(out); name != "" {
			return k.name + " " + name, ctx.Err()
		}
		return "", fmt.Errorf("%s: %w\n%s", k.name, err, out)
	}
	return "", nil
}

// run runs a command in the copy, and gives what it says on both its outputs.
func (t tree) run(ctx context.Context, name string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c := exec.CommandContext(ctx, name, args...)
	c.Dir, c.WaitDelay = string(t), time.Second
	out, err := c.CombinedOutput()
	if ctx.Err() != nil {
		err = errors.Join(err, ctx.Err())
	}
	return out, err
}

var failure = regexp.MustCompile(`(?m)^( *)--- FAIL: (\S+)`)

// failed finds the first test that failed, as deep as it is named.
func failed(out []byte) (name string) {
	if bytes.Contains(out, []byte("panic: test timed out")) {
		return "never ends"
	}
	depth := -1
	for _, m := range failure.FindAllSubmatch(out, -1) {
		if len(m[1]) <= depth {
			break
		}
		depth, name = len(m[1]), string(m[2])
	}
	return name
}
