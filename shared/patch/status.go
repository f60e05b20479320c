package patch

import (
	"context"
	"fmt"

	"quickstep/shared/ledger"
	"quickstep/shared/report"
	"quickstep/shared/sanitize"
)

// UnderWay reads the reports that are under way, in the order of their ids. It changes nothing.
func UnderWay(ctx context.Context, l ledger.Store) ([]report.Underway, error) {
	docs, err := l.List(ctx, reportsPK, "", "", 0)
	if err != nil {
		return nil, fmt.Errorf("list the reports under way: %w", err)
	}
	var all []report.Underway
	for _, d := range docs {
		r := newReport()
		if err := d.Decode(r); err != nil {
			return nil, err
		}
		u, err := underWay(ctx, l, r)
		if err != nil {
			return nil, err
		}
		all = append(all, u)
	}
	return all, nil
}

// Show is one report, under way or kept. The error is a *input.FieldError if there is none.
func Show(ctx context.Context, l ledger.Store, id string) (report.Underway, error) {
	r := newReport()
	rev, err := ledger.Read(ctx, l, reportKey(id), r)
	if err != nil {
		return report.Underway{}, err
	}
	if rev > 0 {
		return underWay(ctx, l, r)
	}
	record, err := readRecord(ctx, l, id)
	if err != nil {
		return report.Underway{}, err
	}
	return record.Kept(), nil
}

func underWay(ctx context.Context, l ledger.Store, r *report.Report) (report.Underway, error) {
	u := report.Underway{
		Report:   r.ID,
		Phase:    r.Phase,
		Window:   r.Window,
		Step:     r.Step,
		Since:    r.Since,
		NextWake: r.Due,
		Deadline: r.Deadline,
		Reason:   sanitize.Text(r.Position.Reason),
	}
	if r.MessageCount() > 0 {
		u.Messages = &report.Progress{Left: r.MessageCount() - r.Sent, Total: r.MessageCount()}
	}
	if r.Step != report.StepScanning {
		return u, nil
	}
	c := &report.ScanCount{}
	rev, err := ledger.Read(ctx, l, countKey(r.ID), c)
	if err == nil && rev > 0 {
		u.Instances = &report.Progress{Left: c.Left, Total: c.Total}
	}
	return u, err
}
