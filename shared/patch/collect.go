package patch

import (
	"context"
	"fmt"

	"quickstep/shared/ledger"
	"quickstep/shared/sanitize"
)

// collect reads what the scans have found.
func (p Reporter) collect(ctx context.Context, r *Report) (*content, error) {
	own := *r // what the report says of itself may be more than the ledger does
	if w := r.Window; w != nil {
		own.Window = &Opening{w.ID, sanitize.Text(w.Name), sanitize.Text(w.Zone), w.Opens, w.Closes}
	}
	c, known := &content{Report: &own, totals: map[string]int{}}, map[string]*counted{}
	first, err := p.first(ctx, &own, known)
	if err != nil {
		return nil, err
	}
	second, err := p.found(ctx, &own, known)
	if err != nil {
		return nil, err
	}
	c.compare(first, second)
	for key, k := range known {
		if key == k.key() { // it may be known under others as well: with a blank at the end, say
			c.patches = append(c.patches, k)
		}
	}
	c.count()
	return c, nil
}

// compare takes each instance as it is now, with what came of what a first report has found on it.
func (c *content) compare(first, second found) {
	for _, s := range second.scans {
		i := instance{Scan: s, counts: map[string]int{}}
		if c.First != "" {
			i.apart = first.apart(s.ID)
		}
		if s.Step != Unread {
			i.findings, i.patched = c.findings(&i, second.patches[s.ID], first.patches[s.ID])
		}
		c.instances = append(c.instances, i)
	}
}

// found is what the scans of a report have found.
type found struct {
	scans   []*Scan
	of      map[string]*Scan  // by instance
	patches map[string][]read // by instance; of those alone that were read to their end
}

// first is what the first report has found. Of one whose survey never got to its end, or that was
// about nothing, there is nothing to compare with.
func (p Reporter) first(ctx context.Context, r *Report, known map[string]*counted) (found, error) {
	if r.First == "" {
		return found{}, nil
	}
	rev, err := ledger.Read(ctx, p.Ledger, countKey(r.First), &Count{})
	if err != nil {
		return found{}, err
	}
	f := found{}
	if rev > 0 {
		f, err = p.found(ctx, &Report{ID: r.First}, known)
	}
	if len(f.scans) == 0 {
		r.First = ""
	}
	return f, err
}

func (p Reporter) found(ctx context.Context, r *Report, known map[string]*counted) (f found, err error) {
	f.of, f.patches = map[string]*Scan{}, map[string][]read{}
	b := book{p.Ledger}
	restarts := map[string]int{}
	err = b.scans(ctx, r.ID, func(h held) error {
		h.Scan.tidy()
		f.scans, f.of[h.ID] = append(f.scans, h.Scan), h.Scan
		if h.Step == Done {
			f.patches[h.ID], restarts[h.ID] = []read{}, h.Restarts
		}
		return nil
	})
	if err != nil {
		return f, fmt.Errorf("put a report together: %w", err)
	}
	err = b.each(ctx, r.ID, pagePrefix, func(instance string, n int, some []Patch) {
		if of, ok := f.patches[instance]; ok && n == restarts[instance] {
			for _, patch := range some {
				dated := !patch.Installed.IsZero()
				of = append(of, read{learn(known, patch), sanitize.Text(patch.State), r.since(patch), dated})
			}
			f.patches[instance] = of
		}
	})
	return f, err
}

// since says that a patch was installed since the window of a second report was to open.
func (r *Report) since(p Patch) bool { return r.Phase == After && p.since(r.Window.Opens) }
