package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"quickstep/tests/cloud/stage"
)

// suites runs the adapters' contract suites against the emulator, beside everything else.
func suites(ctx context.Context, d *stage.Log, endpoint, dir string) {
	binary := filepath.Join(dir, "adapters.test")
	build := exec.CommandContext(ctx, "go", "test", "-c", "-tags", "e2e", "-o", binary, "./tests/cloud/adapters")
	if said, err := build.CombinedOutput(); err != nil {
		d.Judge("adapters", "the contract suites can be built", err.Error(), string(said))
		return
	}
	run := exec.CommandContext(ctx, binary, "-test.v", "-test.timeout=5m")
	run.Dir = filepath.Join("tests", "cloud", "adapters")
	run.Env = append(os.Environ(), "EMULATOR="+endpoint)
	said, err := run.CombinedOutput()
	var ports []string
	parts := bytes.Count(said, []byte("--- PASS: "))
	for line := range strings.Lines(string(said)) {
		if name, ok := strings.CutPrefix(line, "--- PASS: Test"); ok {
			port, _, _ := strings.Cut(strings.ToLower(name), " ")
			ports = append(ports, port)
		}
	}
	what := fmt.Sprintf(
		"%d tests of contracts hold against the emulator: %s",
		parts-len(ports),
		strings.Join(ports, ", "),
	)
	if err != nil || parts == 0 {
		d.Judge("adapters", what, fmt.Sprint(err), failed(said))
		return
	}
	d.Judge("adapters", what)
}

// failed are the lines that say what went wrong.
func failed(said []byte) string {
	var lines []string
	for line := range strings.Lines(string(said)) {
		if !strings.Contains(line, "--- PASS") && !strings.HasPrefix(line, "=== ") {
			lines = append(lines, strings.TrimRight(line, "\n"))
		}
	}
	return strings.Join(lines[:min(len(lines), 40)], "\n")
}
