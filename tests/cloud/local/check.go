package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"quickstep/shared/cloud/dynamodb"
	"quickstep/shared/ledger"
	"quickstep/tests/cloud/stage"
)

// limit is the time after which something hangs: five minutes will do on two busy cores.
const limit = 15 * time.Minute

// checker invokes events in their containers, and looks at what has come of each.
type checker struct {
	*stage.Stage
	region *region
	mail   *stage.Mail
	store  ledger.Store
	sam    string
}

func newChecker(s *stage.Stage, r *region, m *stage.Mail, sam string) checker {
	return checker{Stage: s, region: r, mail: m, store: dynamodb.New(s.Config, s.Table), sam: sam}
}

// trial is an event in the state that its name needs.
type trial struct {
	event  string
	before func(ctx context.Context) error // brings that state about; nil: it is there
	effect effect                          // says what answer and effect were, or how they are wrong
}

// all invokes everything, and prints a row as soon as it is known.
func (c checker) all(ctx context.Context, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	trials := c.trials()
	if err := complete(trials); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%-23s %-17s %7s  %s\n", "event", "function", "seconds", "answer and effect")
	wrong := 0
	for _, t := range trials {
		if !c.row(ctx, out, t) {
			wrong++
		}
	}
	if wrong > 0 {
		return fmt.Errorf("%d of %d events didn't do what their names say", wrong, len(trials))
	}
	fmt.Fprintf(out, "\nall %d events did what their names say\n", len(trials))
	return nil
}

func (c checker) row(ctx context.Context, out io.Writer, t trial) (ok bool) {
	command := invocation(c.Template, t.event)
	began, did, err := time.Now(), "", error(nil)
	if t.before != nil {
		err = t.before(ctx)
	}
	var answer json.RawMessage
	var log string
	if err == nil {
		began = time.Now()
		answer, log, err = c.invoke(ctx, command)
	}
	took := time.Since(began)
	if err == nil {
		did, err = t.effect(ctx, answer)
	}
	fmt.Fprintf(
		out,
		"%-23s %-17s %7.1f  %s",
		t.event+".json",
		command[2],
		took.Seconds(),
		shortened(answer),
	)
	if err != nil {
		fmt.Fprintf(out, "\n    WRONG: %v\n    %s\n", err, strings.ReplaceAll(log, "\n", "\n    "))
		return false
	}
	fmt.Fprintf(out, "\n%49s  %s\n", "", did)
	return true
}

// invoke is the command as a person types it.
func (c checker) invoke(
	ctx context.Context,
	args []string,
) (answer json.RawMessage, log string, err error) {
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(ctx, c.sam, args...)
	command.Env = append(os.Environ(), "SAM_CLI_TELEMETRY=0")
	command.Stdout, command.Stderr = &stdout, &stderr
	err = command.Run()
	lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
	said, log := lines[len(lines)-1], strings.TrimSpace(stderr.String())
	var compact bytes.Buffer // SAM puts spaces into it
	notJSON := json.Compact(&compact, []byte(said))
	answer = compact.Bytes()
	switch {
	case err != nil:
		return answer, log, fmt.Errorf("sam %s: %w", strings.Join(args, " "), err)
	case notJSON != nil:
		return answer, log, fmt.Errorf("the answer isn't JSON: %q", said)
	case bytes.Contains(answer, []byte(`"errorMessage"`)):
		return answer, log, errors.New("the function has failed")
	}
	return answer, log, nil
}

// shortened is an answer that fits into a line.
func shortened(answer []byte) string {
	const most = 120
	text := []rune(string(answer))
	if len(text) <= most {
		return string(text)
	}
	return string(text[:most-2]) + " …"
}

// complete says which files in events/ are not tried, or tried twice.
func complete(trials []trial) error {
	paths, err := filepath.Glob("events/*.json")
	if err != nil {
		return err
	}
	var files, tried []string
	for _, path := range paths {
		files = append(files, strings.TrimSuffix(filepath.Base(path), ".json"))
	}
	for _, t := range trials {
		tried = append(tried, t.event)
	}
	slices.Sort(files)
	slices.Sort(tried)
	if !slices.Equal(files, tried) {
		return fmt.Errorf("events/ has %v, and these are tried: %v", files, tried)
	}
	return nil
}

// await asks until something holds. The last reason why it doesn't is the error.
func await(ctx context.Context, limit time.Duration, holds func() error) error {
	end, tick := time.After(limit), time.NewTicker(500*time.Millisecond)
	defer tick.Stop()
	for {
		err := holds()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, context.Cause(ctx))
		case <-end:
			return fmt.Errorf("not within %s: %w", limit, err)
		case <-tick.C:
		}
	}
}
