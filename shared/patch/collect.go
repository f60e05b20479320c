package patch

import (
	"context"
	"fmt"

	"quickstep/shared/ledger"
	"quickstep/shared/report"
)

// collect reads what the scans have found, those of the first report included.
func (p Reporter) collect(ctx context.Context, r *report.Report) (*report.Content, error) {
	catalog := report.Catalog{}
	first, err := p.firstResults(ctx, r.First, catalog)
	if err != nil {
		return nil, err
	}
	own, err := p.results(ctx, r, catalog)
	if err != nil {
		return nil, err
	}
	return report.Compile(r, catalog, first, own), nil
}

// firstResults are what the first report has found: nothing if there is none, or if its survey
// never got to its end.
func (p Reporter) firstResults(
	ctx context.Context, id string, catalog report.Catalog,
) (*report.Results, error) {
	first := &report.Report{ID: id}
	if id == "" {
		return report.NewResults(catalog, first), nil
	}
	rev, err := ledger.Read(ctx, p.Ledger, countKey(id), &report.ScanCount{})
	if err != nil {
		return nil, err
	}
	if rev == 0 {
		return report.NewResults(catalog, first), nil
	}
	return p.results(ctx, first, catalog)
}

func (p Reporter) results(
	ctx context.Context, r *report.Report, catalog report.Catalog,
) (*report.Results, error) {
	results := report.NewResults(catalog, r)
	err := store{p.Ledger}.scans(ctx, r.ID, func(h storedScan) error {
		results.AddScan(h.Scan)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("put a report together: %w", err)
	}
	return results, store{p.Ledger}.eachPage(ctx, r.ID, pagePrefix, results.AddPage)
}
