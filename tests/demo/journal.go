package main

import (
	"fmt"
	"log/slog"
	"os"
)

// journal takes what the functions log, so that it doesn't run through the picture on the screen.
type journal struct {
	file *os.File
	keep bool
}

// openJournal makes the functions log into a file: the one of that name, or one of its own.
func openJournal(name string) (*journal, error) {
	j := &journal{keep: name != ""}
	var err error
	if j.keep {
		j.file, err = os.Create(name)
	} else {
		j.file, err = os.CreateTemp("", "quickstep-demo-*.log")
	}
	if err != nil {
		return nil, fmt.Errorf("open a file for the functions' logs: %w", err)
	}
	slog.SetDefault(slog.New(slog.NewJSONHandler(j.file, nil)))
	return j, nil
}

// close says where the logs are, if somebody asked for them or needs them; otherwise it removes them.
func (j *journal) close(needed bool) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	_ = j.file.Close() // a log that can't be written changes nothing about the run
	if !needed && !j.keep {
		_ = os.Remove(j.file.Name())
		return
	}
	fmt.Fprintf(os.Stderr, "The functions' logs are in %s\n", j.file.Name())
}
