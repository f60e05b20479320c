package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestEveryMutantCanStillBePlanted(t *testing.T) {
	for _, m := range slices.Concat(tables...) {
		for _, e := range m.edits {
			text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(e.file)))
			if n := bytes.Count(text, []byte(e.old)); err != nil || n != 1 {
				t.Errorf("%s: %s has %d times, not once: %s (%v)", m.name, e.file, n, e.old, err)
			}
		}
	}
}
