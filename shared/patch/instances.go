package patch

import (
	"context"
	"slices"

	"quickstep/shared/ledger"
	"quickstep/shared/report"
)

// nodes finds the instances of a report, each once, by id: those of its first report, if that knows
// any, or those that its window patches. The remarks are for its readers.
func (s Survey) nodes(
	ctx context.Context, r *report.Report, first []string, work report.Work,
) (nodes []report.Node, remarks []string, err error) {
	if len(first) > 0 {
		nodes, err = s.byIDs(ctx, first)
		const remark = "this report is about the instances of the first one; those that came later aren't in it"
		return nodes, []string{remark}, err
	}
	if r.First != "" {
		remarks = append(remarks, "there is no first report to compare with")
	}
	sets := [][]report.Target{r.Select.Tags}
	if len(r.Select.IDs) > 0 {
		sets = [][]report.Target{{{Key: "InstanceIds", Values: r.Select.IDs}}}
	}
	if r.Window != nil {
		sets = work.Targets
		unknown := func(t report.WindowTask) bool { return t.InstancesUnknown } // which says so itself
		if len(sets) == 0 && !slices.ContainsFunc(work.Tasks, unknown) {
			remarks = append(remarks, noTarget(work))
		}
	}
	found := map[string]report.Node{}
	for _, set := range sets {
		more, said, err := s.inSet(ctx, set)
		if err != nil {
			return nil, nil, err
		}
		for _, remark := range said {
			if !slices.Contains(remarks, remark) {
				remarks = append(remarks, remark)
			}
		}
		for _, n := range more {
			found[n.ID] = n
		}
	}
	for _, n := range found {
		nodes = append(nodes, n)
	}
	slices.SortFunc(nodes, byID)
	return nodes, remarks, nil
}

// noTarget says that no task of a window has a target.
func noTarget(work report.Work) string {
	if work.Does == report.DoesUnknown {
		return "none of the window's tasks has a target"
	}
	return "none of the window's patch tasks has a target"
}

// firstInstances are the instances of a first report, none if its survey never got to its end.
func (s Survey) firstInstances(ctx context.Context, id string) (ids []string, err error) {
	if id == "" {
		return nil, nil
	}
	rev, err := ledger.Read(ctx, s.Ledger, countKey(id), &report.ScanCount{})
	if err != nil || rev == 0 {
		return nil, err
	}
	err = store{s.Ledger}.scans(ctx, id, func(h storedScan) error {
		ids = append(ids, h.ID)
		return nil
	})
	return ids, err
}
