package patch

import (
	"context"
	"fmt"
	"time"

	"quickstep/shared/ledger"
	"quickstep/shared/sanitize"
)

// Underway is a report under way, as an operator sees it.
type Underway struct {
	Report    string    `json:"report"`
	Phase     string    `json:"phase"`
	Window    *Opening  `json:"window,omitempty"`
	Step      string    `json:"step"`
	Since     time.Time `json:"since"`
	NextWake  time.Time `json:"nextWakeUp,omitzero"`
	Deadline  time.Time `json:"deadline,omitzero"`   // by then its instances are read, or gaps
	Instances *HowMany  `json:"instances,omitempty"` // while they are read
	Messages  *HowMany  `json:"messages,omitempty"`  // once there are any
	Reason    string    `json:"reason,omitempty"`
}

// HowMany is how many of a report's instances are read, or of its messages sent.
type HowMany struct {
	Left  int `json:"left"`
	Total int `json:"total"`
}

// UnderWay reads the reports that are under way, in the order of their ids. It changes nothing.
func UnderWay(ctx context.Context, store ledger.Store) ([]Underway, error) {
	docs, err := store.List(ctx, reportsPK, "", "", 0)
	if err != nil {
		return nil, fmt.Errorf("list the reports under way: %w", err)
	}
	var all []Underway
	for _, d := range docs {
		r := newReport()
		if err := d.Decode(r); err != nil {
			return nil, err
		}
		u, err := r.underWay(ctx, store)
		if err != nil {
			return nil, err
		}
		all = append(all, u)
	}
	return all, nil
}

func (r *Report) underWay(ctx context.Context, store ledger.Store) (Underway, error) {
	u := Underway{
		Report:   r.ID,
		Phase:    r.Phase,
		Window:   r.Window,
		Step:     r.Step,
		Since:    r.Since,
		NextWake: r.Due,
		Deadline: r.Deadline,
		Reason:   sanitize.Text(r.Position.Reason),
	}
	if r.all() > 0 {
		u.Messages = &HowMany{Left: r.all() - r.Sent, Total: r.all()}
	}
	if r.Step != StepScanning {
		return u, nil
	}
	c := &Count{}
	rev, err := ledger.Read(ctx, store, countKey(r.ID), c)
	if err == nil && rev > 0 {
		u.Instances = &HowMany{Left: c.Left, Total: c.Total}
	}
	return u, err
}
