// Command pictures draws what the README shows, into docs/: how messages pass from function to
// function, and a run of make demo as it moved on a terminal.
//
//	template.yaml's functions and queues ──► architecture.svg
//	make demo ──► testdata/demo.json ──────► demo.svg
//
// Both are plain SVG without scripts, fonts or anything else from elsewhere, so that GitHub shows
// them. make pictures records a new run first.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

const recorded = "tests/pictures/testdata/demo.json"

func main() {
	if err := write("docs", recorded); err != nil {
		fmt.Fprintln(os.Stderr, "pictures:", err)
		os.Exit(1)
	}
}

// write draws all pictures into a folder.
func write(folder, recording string) error {
	pictures, err := draw(recording)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("make the folder for pictures: %w", err)
	}
	for name, svg := range pictures {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(svg), 0o644); err != nil {
			return fmt.Errorf("write a picture: %w", err)
		}
	}
	return nil
}

// draw gives the pictures by the names of their files.
func draw(recording string) (map[string]string, error) {
	text, err := os.ReadFile(recording)
	if err != nil {
		return nil, fmt.Errorf("read the recording of the demo: %w", err)
	}
	demo, err := drawDemo(text)
	if err != nil {
		return nil, fmt.Errorf("draw the demo from %s: %w", recording, err)
	}
	return map[string]string{"architecture.svg": drawArchitecture(), "demo.svg": demo}, nil
}
