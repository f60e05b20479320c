package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"quickstep/tests/world"
)

const (
	// headLines are as many lines of a long message as leave room on a screen for what is said
	// before and after it.
	headLines  = 18
	reportFile = "patch-report.txt"
	margin     = "  | "
)

// folder is where the demo puts what is too long for a screen: where the checkout keeps what is
// built, which git ignores.
func folder() string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), "..", "..", ".aws-sam", "demo")
}

// printReport prints the head of a patch report's first message, and writes all of all messages
// into a file below folder.
func (p page) printReport(sent []world.Note, folder string) error {
	if len(sent) == 0 {
		return fmt.Errorf("the patch report was sent to nobody")
	}
	path, err := keep(folder, sent)
	if err != nil {
		return fmt.Errorf("keep the patch report: %w", err)
	}
	head, more := cut(sent[0].Text, headLines)
	p.printNote("reports", world.Note{Subject: sent[0].Subject, Text: head})
	for _, note := range sent[1:] {
		more += strings.Count(note.Text, "\n")
	}
	p.printf("%s\n%s%s\n\n", strings.TrimRight(margin, " "), margin,
		p.paint(bold, fmt.Sprintf("… and %d lines more: %s", more, path)))
	return nil
}

// keep writes messages into a file, and gives its path from here. Where folder can't be written to,
// which may be on a disk that is mounted for reading alone, it is one in the system's folder for
// temporary files.
func keep(folder string, sent []world.Note) (string, error) {
	var text strings.Builder
	for n, note := range sent {
		if n > 0 {
			text.WriteString("\n")
		}
		fmt.Fprintf(&text, "Subject: %s\n\n%s", note.Subject, note.Text)
	}
	path := filepath.Join(folder, reportFile)
	err := os.MkdirAll(folder, 0o755)
	if err == nil {
		err = os.WriteFile(path, []byte(text.String()), 0o644)
	}
	if err != nil {
		return keepElsewhere(text.String())
	}
	return fromHere(path), nil
}

func keepElsewhere(text string) (string, error) {
	file, err := os.CreateTemp("", "quickstep-*-"+reportFile)
	if err != nil {
		return "", err
	}
	if _, err = file.WriteString(text); err != nil {
		return "", err
	}
	return file.Name(), file.Close()
}

// fromHere shortens a path to what a shell in the working directory needs.
func fromHere(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	short, err := filepath.Rel(here, path)
	if err != nil || strings.HasPrefix(short, "..") {
		return path
	}
	return short
}

// cut gives the paragraphs of a text that have no more than most lines together, the first in any
// case, and says how many lines are left out.
func cut(text string, most int) (head string, more int) {
	paragraphs := strings.SplitAfter(text, "\n\n")
	lines := 0
	for n, paragraph := range paragraphs {
		if lines += strings.Count(paragraph, "\n"); n > 0 && lines > most {
			break
		}
		head += paragraph
	}
	more = strings.Count(text, "\n") - strings.Count(head, "\n")
	return strings.TrimRight(head, "\n") + "\n", more
}

func (p page) printNote(topic string, note world.Note) {
	subject := fmt.Sprintf("Sent to the topic for %s:  %s", topic, note.Subject)
	p.printf("\n%s\n", p.paint(bold, subject))
	for line := range strings.Lines(note.Text) {
		for _, part := range wrap(strings.TrimRight(line, " \n"), columns-len(margin)) {
			fmt.Fprintln(p.out, strings.TrimRight(margin+part, " "))
		}
	}
}
