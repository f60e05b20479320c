package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"quickstep/shared/patch"
	"quickstep/shared/report"
)

// surveyed is a request that has begun reports, one for each phase, and the first of them arrives.
func (c checker) surveyed(phases ...string) effect {
	return func(ctx context.Context, answer json.RawMessage) (string, error) {
		var s patch.Surveyed
		if err := json.Unmarshal(answer, &s); err != nil {
			return "", err
		}
		if len(s.Reports) != 1 || s.Reports[0].Status != "begun" {
			return "", errors.New("it should begin one report")
		}
		first := s.Reports[0].Report
		for n, phase := range append(phases, "") {
			if err := c.hasReport(ctx, first+strings.Repeat("-after", n), phase); err != nil {
				return "", err
			}
		}
		did := fmt.Sprintf("the report arrives (%s)", strings.Join(phases, ", then "))
		return did, c.mailed("report", first)
	}
}

// surveyedLater says whether what a schedule asks for was begun. It waits for minutes, in which an
// execution that has just begun is listed: longer than a trial takes.
func (c checker) surveyedLater(ctx context.Context, answer json.RawMessage) (string, error) {
	var s patch.Surveyed
	if err := json.Unmarshal(answer, &s); err != nil {
		return "", err
	}
	if len(s.Reports) != 1 || s.Reports[0].Status != "begun" {
		return "", errors.New("it should begin one report")
	}
	var r report.Report
	there, err := c.read(ctx, "REPORTS", s.Reports[0].Report, &r)
	if err != nil || !there || r.Step != report.StepSurvey || !r.Due.After(r.Began) {
		return "", errors.Join(fmt.Errorf("report %s is at %q, due at %s", s.Reports[0].Report, r.Step, r.Due), err)
	}
	return "the report is begun, and waits for what has just been opened", c.hasReport(ctx, r.ID, report.Before)
}

// hasReport says whether a report was begun in a phase, or, without one, that there is none.
func (c checker) hasReport(ctx context.Context, id, phase string) error {
	var r report.Record
	if _, err := c.read(ctx, "REPORT#"+id, "REPORT", &r); err != nil || r.Phase != phase {
		return errors.Join(fmt.Errorf("report %s is of phase %q, not %q", id, r.Phase, phase), err)
	}
	return nil
}

func (c checker) surveyMessage(ctx context.Context) (string, error) {
	return "its instance is found, the report arrives", c.arrived(ctx, "demo-survey-message")
}

func (c checker) scanned(ctx context.Context) (string, error) {
	var s report.Scan
	_, err := c.read(ctx, "REPORT#demo-scan", "I#"+named, &s)
	if err != nil || s.Step != report.Done || s.Found != len(missing) {
		return "", errors.Join(fmt.Errorf("the scan is %s, %d patches", s.Step, s.Found), err)
	}
	return fmt.Sprintf("%d patches are read, the report arrives", s.Found), c.arrived(ctx, "demo-scan")
}

func (c checker) reported(ctx context.Context) (string, error) {
	return "the report is put together and arrives", c.arrived(ctx, "demo-report")
}

// arrived is a report of one instance that is in the mailbox.
func (c checker) arrived(ctx context.Context, id string) error {
	return errors.Join(c.counted(ctx, id), c.mailed("report", id))
}

func (c checker) counted(ctx context.Context, id string) error {
	var n report.ScanCount
	there, err := c.read(ctx, "REPORT#"+id, "COUNT", &n)
	if err != nil || !there || n.Total != 1 {
		return errors.Join(fmt.Errorf("report %s counts %d instances", id, n.Total), err)
	}
	return nil
}
