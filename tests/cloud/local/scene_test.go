package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
)

func files(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(root + "events/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no events: %v", err)
	}
	all := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(path), ".json")] = string(text)
	}
	return all
}

// seeded is all that waits, by key.
func seeded(t *testing.T) map[ledger.Key]ledger.Write {
	t.Helper()
	now := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	var docs []ledger.Write
	for _, w := range waiting {
		of, err := w.docs(now)
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, of...)
	}
	docs = append(append(docs, failedOne(now)...), reports(now)...)
	all := map[ledger.Key]ledger.Write{}
	for _, d := range docs {
		if _, twice := all[d.Key]; twice || d.Rev != 0 {
			t.Errorf("%s is written twice", d.Key)
		}
		all[d.Key] = d
	}
	if len(docs) > ledger.MaxWrites {
		t.Errorf("%d documents don't fit into one transaction", len(docs))
	}
	return all
}

func TestEveryMessageFindsItsItem(t *testing.T) {
	docs, found := seeded(t), 0
	for name, text := range files(t) {
		var e events.SQSEvent
		if json.Unmarshal([]byte(text), &e) != nil || len(e.Records) == 0 {
			continue
		}
		found++
		m, err := choreo.DecodeMessage(e.Records[0].Body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		doc, ok := docs[m.Key]
		if !ok {
			t.Errorf("%s: nothing waits at %s", name, m.Key)
			continue
		}
		var p choreo.Position
		if err := json.Unmarshal(doc.Body, &p); err != nil {
			t.Fatal(err)
		}
		now := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
		if p.N != m.N || p.Redeliveries != m.Redeliveries || p.Step != m.Step || p.Leased(now) || p.Reason == "" {
			t.Errorf("%s: the message names %+v, and the item is at %+v", name, m, p)
		}
		if p.Redeliveries == 0 && now.Before(p.Due) {
			t.Errorf("%s: a position's first message isn't taken before it is due", name)
		}
		if p.Overdue(now.Add(24 * time.Hour)) {
			t.Errorf("%s: a watchdog would send the message before anybody types the command", name)
		}
	}
	if found != len(waiting)+3 {
		t.Errorf("%d messages, and %d runs and 3 reports wait", found, len(waiting))
	}
}

func TestEverythingThatEventsNameIsThere(t *testing.T) {
	var instances, arns, fleetNames []string
	for _, f := range fleets() {
		instances, arns, fleetNames = append(
			instances,
			f.instances...), append(
			arns,
			f.arn,
		), append(
			fleetNames,
			f.name,
		)
	}
	there := map[string][]string{
		`i-[0-9a-f]{17}`:         instances,
		`arn:aws:elastic[^"]+`:   arns,
		`mw-[0-9a-f]{17}`:        {window},
		`"fleet": "([^"]+)"`:     fleetNames,
		`"function": "([^"]+)"`:  {ready},
		`"run": "([^"]+)"`:       {"demo"}, // which start-id.json begins
		`"Role": "([^"]+)"`:      fleetNames,
		`"eventBus": "([^"]+)"`:  {"default", bus},
		`"(web-[a-z0-9]+)"`:      append(slices.Clone(alarms), "web-unhealthy", ready),
		`"port": ([0-9]+)`:       {"18080"},
		`"instance": "([^"]+)"`:  {failed},
		`"command": "(release)"`: {"release"},
	}
	for name, text := range files(t) {
		for pattern, known := range there {
			for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
				if !slices.Contains(known, m[len(m)-1]) {
					t.Errorf("%s names %s, and there are %v", name, m[len(m)-1], known)
				}
			}
		}
	}
	if !strings.Contains(files(t)["start-id"], `"id": "demo"`) {
		t.Error("start-id.json begins another run than the one that control's events name")
	}
}

func TestStartEventsCanBeInvokedTwice(t *testing.T) {
	for name, text := range files(t) {
		if strings.HasPrefix(name, "start") && name != "start-id" && name != "start-scheduled" &&
			strings.Contains(text, `"id"`) {
			t.Errorf("%s has an id: a second invocation would begin nothing", name)
		}
	}
}

func TestEveryEventIsTriedOnce(t *testing.T) {
	t.Chdir(root)
	if err := complete(checker{}.trials()); err != nil {
		t.Error(err)
	}
}

func TestAddressesAreOfThisMachineAlone(t *testing.T) {
	if a := address(21); !strings.HasPrefix(a, "127.") || !strings.HasSuffix(a, ".21") {
		t.Errorf("%s", a)
	}
}
