package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// patience is how long all tries may take: several times what they take without a mutant.
const patience = 10 * time.Minute

// judge runs the storms and the single faults over a mutant, and says what has found it; empty if nothing does. Scenarios and
// unit tests don't count: they look at what somebody has thought of.
func (t tree) judge(ctx context.Context, seeds int) (found string, err error) {
	if out, err := t.run(ctx, "go", "vet", "./shared/..."); err != nil {
		return "", fmt.Errorf("it doesn't compile: %w\n%s", err, out)
	}
	if out, err := t.run(ctx, "go", "build", "-o", "first.exe", "./tests/mutants/first"); err != nil {
		return "", fmt.Errorf("build the storms: %w\n%s", err, out)
	}
	out, err := t.run(ctx, "./first.exe", "-seeds", strconv.Itoa(seeds))
	found, _, _ = strings.Cut(string(out), "\n")
	if err != nil && found == "" {
		return "", fmt.Errorf("run the storms: %w", err)
	}
	return found, ctx.Err()
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
