package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"quickstep/tests/storm"
)

// hintsFile is where it is remembered what has found each mutant, so that it is tried first.
const hintsFile = "tests/mutants/found.txt"

const hintsHead = `# What has found each mutant the last time, tried first: its name, a tab, and a seed or a case as it is printed.
# Written by: go run ./tests/mutants -update
`

//go:embed found.txt
var checkedIn string

// hints are trials in their notation, by the mutant's name.
type hints map[string]string

func parseHints(text string) (hints, error) {
	all := hints{}
	for n, line := range strings.Split(text, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, hint, ok := strings.Cut(line, "\t")
		if _, twice := all[name]; !ok || twice {
			return nil, fmt.Errorf("line %d isn't a mutant's only name, a tab and a trial: %s", n+1, line)
		}
		if _, err := storm.ParseTrial(hint); err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
		all[name] = hint
	}
	return all, nil
}

// String is the file, in the order of the mutants; those that are no more, or need no hint, are left out.
func (h hints) String() string {
	text := hintsHead
	for _, m := range every() {
		if hint, ok := h[m.name]; ok && m.hinted() {
			text += m.name + "\t" + hint + "\n"
		}
	}
	return text
}

func (h hints) write(ctx context.Context) error {
	top, err := topOfTree(ctx)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(top, filepath.FromSlash(hintsFile)), []byte(h.String()), 0o644)
}
