package format

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"quickstep/shared/report"
)

// fields are the names that a type has in JSON, those of what it holds included.
func fields(t reflect.Type) (all []string) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		return fields(t.Elem())
	case reflect.Struct:
	default:
		return nil
	}
	if t.PkgPath() == "time" {
		return nil
	}
	for n := range t.NumField() {
		f := t.Field(n)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "-" {
			all = append(append(all, name), fields(f.Type)...)
		}
	}
	return all
}

// manual is the part of docs/patch-report.md on what subscribers get.
func manual(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../../docs/patch-report.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "## What you get")
	part, _, found := strings.Cut(after, "## When something fails")
	if !found {
		t.Fatal("docs/patch-report.md has no such part")
	}
	return part
}

// row is the line of a table that begins with a name.
func row(text, name string) string {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "| `"+name+"`") {
			return line
		}
	}
	return ""
}

func TestTheManualNamesEveryField(t *testing.T) {
	text, state := manual(t), fields(reflect.TypeOf(report.State{}))
	for name, of := range map[string]any{
		"gaps": gapRow{}, "patches": patchRow{}, "instances": instanceRow{},
		"lists": listRow{}, "reboots": rebootRow{},
	} {
		_, rows, _ := strings.Cut(text, "| rows | fields |")
		for _, field := range fields(reflect.TypeOf(of)) {
			line := row(rows, name)
			if !strings.Contains(line, "`"+field+"`") && !slices.Contains(state, field) {
				t.Errorf("rows, %s: %s isn't named in %q", name, field, line)
			}
		}
	}
	all := slices.Concat(fields(reflect.TypeOf(document{})), state, report.Categories, report.Flags)
	for _, name := range all {
		if !strings.Contains(text, "`"+name+"`") {
			t.Errorf("%s isn't named", name)
		}
	}
}

func TestTheManualNamesNoFieldThatThereIsNot(t *testing.T) {
	text := manual(t)
	known := fields(reflect.TypeOf(document{}))
	for _, row := range []any{gapRow{}, patchRow{}, instanceRow{}, listRow{}, rebootRow{}} {
		known = append(known, fields(reflect.TypeOf(row))...)
	}
	_, tables, _ := strings.Cut(text, "| field of the document | meaning |")
	tables, _, _ = strings.Cut(tables, "| category | meaning |")
	known = append(known, "gaps", "lists", "reboots", "part", "Scan", "Install",
		"true", report.ExecutionNone, report.RebootIfNeeded, report.NoReboot, report.DoesInstall, report.DoesScan,
		report.DoesUnknown, report.DoesNothing, report.DoesRestart, "InstallOverrideList", "BaselineOverride")
	for _, m := range regexp.MustCompile("`([A-Za-z]+)`").FindAllStringSubmatch(tables, -1) {
		if !slices.Contains(known, m[1]) {
			t.Errorf("there is no field %s", m[1])
		}
	}
}

func TestTheManualNamesEveryAttributeAndColumn(t *testing.T) {
	c := &report.Content{
		Report:     &report.Report{Window: &report.Opening{ID: "mw-1"}},
		Severities: []report.SeverityCount{{Severity: "Low"}},
	}
	text := manual(t)
	for name := range attributes(c) {
		if row(text, name) == "" && !strings.Contains(row(text, "missing"), "`"+name+"`") {
			t.Errorf("the attribute %s isn't named", name)
		}
	}
	_, csv, _ := strings.Cut(text, "`report.csv.gz`")
	for _, name := range columns {
		if !strings.Contains(csv, "`"+name+"`") {
			t.Errorf("the column %s isn't named", name)
		}
	}
}
