package bootstrap

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Kitchen is where binaries and events are.
type Kitchen struct {
	Events      string                            // the folder events/
	Binary      func(function string) string      // the file of a function's binary
	Environment func(function string) []string    // its variables
	Fed         func(function string, events int) // is called for each function, once it is through
}

// dish is an event, and what is wrong with an answer to it: nothing, if that is empty.
type dish struct {
	name  string
	event []byte
	judge func(Answer) string
}

// Feed gives each function its events, then bad ones, then its first event once more, all to one process. It says what
// went wrong.
func (k Kitchen) Feed(ctx context.Context) (wrong []string) {
	menu, err := k.menu()
	if err != nil {
		return []string{err.Error()}
	}
	for _, function := range slices.Sorted(maps.Keys(menu)) {
		good := menu[function]
		dishes := append(slices.Concat(good, spoiled(function, good)), good[0])
		wrong = append(wrong, k.serve(ctx, function, dishes)...)
		k.Fed(function, len(dishes))
	}
	return wrong
}

func (k Kitchen) serve(ctx context.Context, function string, dishes []dish) (wrong []string) {
	f, err := Start(ctx, k.Binary(function), k.Environment(function))
	if err != nil {
		return []string{err.Error()}
	}
	defer f.Close()
	for _, d := range dishes {
		a, err := f.Invoke(ctx, d.event)
		if err != nil {
			return append(wrong, fmt.Sprintf("%s, fed with %s: %v", function, d.name, err))
		}
		if why := d.judge(a); why != "" {
			wrong = append(wrong, fmt.Sprintf("%s, fed with %s: %s; it answers %s", function, d.name, why, a.Body))
		}
		if strings.HasPrefix(a.Error, "panic: ") {
			wrong = append(wrong, fmt.Sprintf("%s, fed with %s: it panics", function, d.name))
		}
	}
	return wrong
}

// menu are the events by function: a file is called <function>.json or <function>-<case>.json.
func (k Kitchen) menu() (map[string][]dish, error) {
	paths, err := filepath.Glob(filepath.Join(k.Events, "*.json"))
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf("there are no events in %s", k.Events)
	}
	menu := map[string][]dish{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		function, _, _ := strings.Cut(name, "-")
		menu[function] = append(menu[function], dish{name + ".json", text, digested(name, string(text))})
	}
	return menu, nil
}

// digested is what a function must make of an event of events/, in an account in which nothing of what it names exists: a
// message finds no item and is dropped, a request or a command is refused by the name of a field, the others are answered.
func digested(name, text string) func(Answer) string {
	function, _, _ := strings.Cut(name, "-")
	switch {
	case strings.Contains(text, `"Records"`):
		return func(a Answer) string {
			if a.Body != `{"batchItemFailures":[]}` {
				return "the message should be dropped"
			}
			return ""
		}
	case function == "start" && strings.Contains(text, `"scheduled"`):
		return func(a Answer) string {
			if a.Error != "" || !strings.Contains(a.Body, `"status":"refused"`) {
				return "nobody waits for the answer: it should be refused, and told"
			}
			return ""
		}
	case function == "survey" && !strings.Contains(text, `"scheduled"`):
		return func(a Answer) string {
			if a.Error != "" && refused("")(a) != "" {
				return "it should be taken, or refused in words"
			}
			return ""
		}
	case function == "start", strings.HasPrefix(name, "control-") && name != "control-status":
		return refused("")
	}
	return func(a Answer) string {
		if a.Error != "" {
			return "it should be taken"
		}
		return ""
	}
}
