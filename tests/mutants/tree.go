package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// mutant is a bug to plant: what the issue or a reader calls it, and the code that makes it.
type mutant struct {
	name  string
	edits []edit
	// equivalent says which other mechanism keeps the bug from ever making a difference; empty: it must be found.
	equivalent string
	// test, "./folder TestName", is the test that must fail, for a bug that no storm can play; why says why none can.
	test, why string
}

// hinted says that it is to be found by a trial, which is remembered.
func (m mutant) hinted() bool { return m.equivalent == "" && m.test == "" }

// every gives all mutants.
func every() []mutant { return slices.Concat(tables...) }

// edit replaces a piece of a file, which must be in it exactly once.
type edit struct{ file, old, new string }

// tree is a scratch copy of the working tree.
type tree string

// scratch copies what git knows or would add.
func scratch(ctx context.Context) (tree, error) {
	list := exec.CommandContext(ctx, "git", "ls-files", "-z", "--full-name", "--cached", "--others", "--exclude-standard", ":/")
	names, err := list.Output()
	if err != nil {
		return "", fmt.Errorf("list the files of the tree: %w", err)
	}
	top, err := topOfTree(ctx)
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return "", err
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(names), "\x00"), "\x00") {
		err := copied(filepath.Join(top, name), filepath.Join(dir, name))
		if err != nil && !errors.Is(err, os.ErrNotExist) { // deleted, and not yet committed
			return "", errors.Join(err, os.RemoveAll(dir))
		}
	}
	return tree(dir), nil
}

// topOfTree is the folder of the working tree.
func topOfTree(ctx context.Context) (string, error) {
	top, err := exec.CommandContext(ctx, "git", "rev-parse", "--show-toplevel").Output()
	if err != nil {
		return "", fmt.Errorf("find the tree: %w", err)
	}
	return string(bytes.TrimSpace(top)), nil
}

func copied(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o644)
}

// away removes the copy, or says where it is.
func (t tree) away(keep bool) error {
	if keep {
		fmt.Println("kept in", string(t))
		return nil
	}
	return os.RemoveAll(string(t))
}

// plant makes a mutant's edits; away undoes them.
func (t tree) plant(m mutant) (away func() error, err error) {
	before := map[string][]byte{}
	away = func() error {
		var all []error
		for path, text := range before {
			all = append(all, os.WriteFile(path, text, 0o644))
		}
		return errors.Join(all...)
	}
	for _, e := range m.edits {
		path := filepath.Join(string(t), filepath.FromSlash(e.file))
		text, err := os.ReadFile(path)
		if err == nil && before[path] == nil {
			before[path] = text
		}
		if n := bytes.Count(text, []byte(e.old)); err == nil && n != 1 {
			err = fmt.Errorf("%s has %d times, not once: %s", e.file, n, e.old)
		}
		if err == nil {
			err = os.WriteFile(path, bytes.Replace(text, []byte(e.old), []byte(e.new), 1), 0o644)
		}
		if err != nil {
			return nil, errors.Join(err, away())
		}
	}
	return away, nil
}
