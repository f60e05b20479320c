package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// patience is how long all tries may take: several times what they take without a mutant.
const patience = 30 * time.Minute

// finding is what has found a mutant: a trial in its notation or a test's name, and what it says. The zero finding is none.
type finding struct{ by, says string }

// judge runs the storms and the single faults over a mutant, the hint before all others, and says what has found it.
// Scenarios and unit tests don't count: they look at what somebody has thought of.
func (t tree) judge(ctx context.Context, m mutant, seeds int, hint string) (finding, error) {
	vetted := make(chan error, 1)
	go func() { vetted <- t.vet(ctx, m) }()
	built := t.build(ctx)
	if err := errors.Join(<-vetted, built); err != nil {
		return finding{}, err
	}
	return t.try(ctx, "-seeds", strconv.Itoa(seeds), "-hint", hint)
}

// vet vets the packages that the mutant is planted in: a bug that go vet finds needs no storm.
func (t tree) vet(ctx context.Context, m mutant) error {
	args := []string{"vet"}
	for _, e := range m.edits {
		if path.Ext(e.file) == ".go" {
			args = append(args, "./"+path.Dir(e.file))
		}
	}
	if len(args) == 1 {
		return nil
	}
	slices.Sort(args[1:])
	if out, err := t.run(ctx, "", "go", slices.Compact(args)...); err != nil {
		return fmt.Errorf("vet it: %w\n%s", err, out)
	}
	return nil
}

func (t tree) build(ctx context.Context) error {
	if out, err := t.run(ctx, "", "go", "build", "-o", "first.exe", "./tests/mutants/first"); err != nil {
		return fmt.Errorf("build the storms: %w\n%s", err, out)
	}
	return nil
}

// try runs what build has built.
func (t tree) try(ctx context.Context, args ...string) (finding, error) {
	out, err := t.run(ctx, "", "./first.exe", args...)
	line, _, _ := strings.Cut(string(out), "\n")
	by, says, ok := strings.Cut(line, "\t")
	switch {
	case ctx.Err() != nil:
		return finding{}, ctx.Err()
	case err != nil && !ok:
		return finding{}, fmt.Errorf("run the storms: %w\n%s", err, out)
	case err == nil:
		return finding{}, nil
	}
	return finding{by, says}, nil
}

// test runs the one test that stands for a mutant, "./folder TestName", and says whether it fails.
func (t tree) test(ctx context.Context, named string) (finding, error) {
	folder, name, _ := strings.Cut(named, " ")
	program, err := filepath.Abs(filepath.Join(string(t), "named.exe"))
	if err != nil {
		return finding{}, err
	}
	if out, err := t.run(ctx, "", "go", "test", "-c", "-o", program, folder); err != nil {
		return finding{}, fmt.Errorf("build the tests of %s: %w\n%s", folder, err, out)
	}
	out, err := t.run(ctx, folder, program, "-test.run", "^"+name+"$", "-test.v", "-test.timeout", "3m")
	var failed *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return finding{}, ctx.Err()
	case !strings.Contains(string(out), "=== RUN   "+name+"\n"):
		return finding{}, fmt.Errorf("%s has no test %s", folder, name)
	case errors.As(err, &failed):
		return finding{named, "fails"}, nil
	}
	return finding{}, err
}

// run runs a command in a folder of the copy, and gives what it says on both its outputs.
func (t tree) run(ctx context.Context, folder, name string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c := exec.CommandContext(ctx, name, args...)
	c.Dir, c.WaitDelay = filepath.Join(string(t), filepath.FromSlash(folder)), time.Second
	c.Env = append(os.Environ(), "GOGC=400") // the storms make much garbage and keep little
	out, err := c.CombinedOutput()
	if ctx.Err() != nil {
		err = errors.Join(err, ctx.Err())
	}
	return out, err
}
