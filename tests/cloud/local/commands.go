package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"quickstep/tests/template"
)

// try is an event that is worth being tried first, and what it does.
type try struct{ event, what string }

var tries = []try{
	{"start-fleet", "a run by the fleet's own parameter: two minutes, as often as you like"},
	{"control-status", "everything under way"},
	{"start-id", "run demo, once: eight instances of fleet web, two at a time; a quarter of an hour"},
	{"control-status-run", "where run demo is"},
	{"control-pause", "no further instance leaves"},
	{"control-resume", "goes on"},
	{"control-cancel", "ends it once those that are out are back"},
	{"survey", "a patch report; it appears here"},
}

// prepare are the commands that a second terminal needs first, if any.
func prepare(sam string) (lines []string) {
	if _, err := exec.LookPath("sam"); err != nil {
		lines = append(lines, fmt.Sprintf(`export PATH="$PATH:%s"`, filepath.Dir(sam)))
	}
	if host := os.Getenv("DOCKER_HOST"); host != "" {
		lines = append(lines, "export DOCKER_HOST="+host)
	}
	return lines
}

// show prints the commands that can be typed now.
func show(out io.Writer, t *template.Stack, sam string) {
	fmt.Fprint(out, "\nIn a second terminal, in this folder:\n\n")
	for _, line := range prepare(sam) {
		fmt.Fprintf(out, "  %s\n", line)
	}
	for _, e := range tries {
		fmt.Fprintf(out, "\n  # %s\n  sam %s\n", e.what, strings.Join(invocation(t, e.event), " "))
	}
	fmt.Fprint(out, `
What an invocation begins, the deployed functions carry on by themselves, and it is told below. Every
other file in events/ goes with its function as well: each message finds a run of its own, "demo-" and
the file's name, that waits for it, once; then it moves on. An invocation takes some seconds. Ctrl-C
ends everything here and leaves nothing behind.

`)
}

// showStack prints the same for a deployed stack.
func showStack(out io.Writer, t *template.Stack, sam, stack, account string) {
	fmt.Fprintf(out, `
What you invoke now ACTS ON STACK %s IN ACCOUNT %s,
with your own credentials, not with the functions' roles.
In a second terminal, in this folder, with the same credentials:

`, stack, account)
	for _, line := range prepare(sam) {
		fmt.Fprintf(out, "  %s\n", line)
	}
	for _, event := range []string{"control-status", "start-fleet"} {
		fmt.Fprintf(out, "  sam %s\n", strings.Join(invocation(t, event), " "))
	}
	fmt.Fprint(out, `
The files in events/ name example resources: change them to yours first. Ctrl-C takes the derived
template away.
`)
}
