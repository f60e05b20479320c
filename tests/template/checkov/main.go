// Command checkov holds what checkov finds in template.yaml against what we accept, for make lint. Checkov's own
// skips are comments in the template, or hold for every resource, or have no reason.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: checkov accepted.yaml findings.json")
		os.Exit(2)
	}
	summary, err := compare(os.Args[1], os.Args[2])
	if summary != "" {
		fmt.Println(summary)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// finding is a check that fails for a resource, by its logical id.
type finding struct{ Check, Resource string }

func (f finding) String() string { return f.Resource + ": " + f.Check }

// compare fails on a finding that isn't accepted, and on what is accepted and isn't found.
func compare(acceptedPath, findingsPath string) (summary string, err error) {
	accepted, err := readAccepted(acceptedPath)
	if err != nil {
		return "", err
	}
	found, passed, err := readFindings(findingsPath)
	if err != nil {
		return "", err
	}

	var wrong []error
	known := 0
	for _, f := range sorted(found) {
		if accepted[f] {
			known++
			continue
		}
		wrong = append(wrong, fmt.Errorf("%v: %s; correct it, or accept it in %s", f, found[f], acceptedPath))
	}
	failed := len(wrong)
	for _, f := range sorted(accepted) {
		if _, still := found[f]; !still {
			wrong = append(wrong, fmt.Errorf("%v isn't found any more; take it off %s", f, acceptedPath))
		}
	}
	summary = fmt.Sprintf("checkov: %d passed, %d accepted with a reason, %d failed", passed, known, failed)
	return summary, errors.Join(wrong...)
}

func sorted[V any](all map[finding]V) []finding {
	return slices.SortedFunc(maps.Keys(all), func(a, b finding) int { return strings.Compare(a.String(), b.String()) })
}

// readAccepted reads for which resources a finding is accepted; each has a reason.
func readAccepted(path string) (map[finding]bool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var checks map[string]struct {
		Reason    string
		Resources []string
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&checks); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	all := map[finding]bool{}
	for check, entry := range checks {
		if strings.TrimSpace(entry.Reason) == "" {
			return nil, fmt.Errorf("%s: %s has no reason", path, check)
		}
		for _, resource := range entry.Resources {
			f := finding{check, resource}
			if all[f] {
				return nil, fmt.Errorf("%s: %s names %s twice", path, check, resource)
			}
			all[f] = true
		}
	}
	return all, nil
}

// readFindings reads checkov's report: what failed, with the check's title, and how many checks passed.
func readFindings(path string) (found map[finding]string, passed int, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, 0, err
	}
	type check struct {
		ID       string `json:"check_id"`
		Name     string `json:"check_name"`
		Resource string `json:"resource"` // its type and its logical id: AWS::SQS::Queue.StartQueue
	}
	var report struct {
		Results struct {
			Passed  []check `json:"passed_checks"`
			Failed  []check `json:"failed_checks"`
			Skipped []check `json:"skipped_checks"`
			Unread  []any   `json:"parsing_errors"`
		} `json:"results"`
	}
	if err := json.Unmarshal(text, &report); err != nil {
		return nil, 0, fmt.Errorf("read %s: %w", path, err)
	}
	switch r := report.Results; {
	case len(r.Unread) > 0, len(r.Passed) == 0: // of a file that is no template checkov says nothing at all
		return nil, 0, fmt.Errorf("%s: checkov couldn't read the template", path)
	case len(r.Skipped) > 0:
		return nil, 0, fmt.Errorf(
			"%s: the template itself skips %s; accept it in a file instead",
			path,
			r.Skipped[0].ID,
		)
	}
	found = map[finding]string{}
	for _, f := range report.Results.Failed {
		resource := f.Resource[strings.LastIndexByte(f.Resource, '.')+1:]
		found[finding{f.ID, resource}] = f.Name
	}
	return found, len(report.Results.Passed), nil
}
