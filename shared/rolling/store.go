package rolling

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/shared/run"
	"quickstep/shared/transient"
)

// Keys of the ledger.
const (
	activePK       = "ACTIVE"
	outPK          = "OUT"
	lockSK         = "LOCK"
	muteSK         = "MUTE"
	rebootSK       = "REBOOT"
	instancePrefix = "I#"
)

func runKey(id string) ledger.Key  { return ledger.Key{PK: "RUN#" + id, SK: "RUN"} }
func planKey(id string) ledger.Key { return ledger.Key{PK: "RUN#" + id, SK: "PLAN"} }
func instanceKey(id, instance string) ledger.Key {
	return ledger.Key{PK: "RUN#" + id, SK: instancePrefix + instance}
}
func activeKey(id string) ledger.Key    { return ledger.Key{PK: activePK, SK: id} }
func outKey(instance string) ledger.Key { return ledger.Key{PK: outPK, SK: instance} }
func rebootKey(instance string) ledger.Key {
	return ledger.Key{PK: "REBOOT#" + instance, SK: rebootSK}
}
func muteKey(rule run.Rule) ledger.Key {
	return ledger.Key{PK: "MUTE#" + rule.Bus + "/" + rule.Name, SK: muteSK}
}
func isInstance(key ledger.Key) bool {
	return strings.HasPrefix(key.PK, "RUN#") && strings.HasPrefix(key.SK, instancePrefix)
}
func isActive(key ledger.Key) bool { return key.PK == activePK }
func newInstance() *run.Instance   { return &run.Instance{} }
func newActive() *run.Active       { return &run.Active{} }

// store reads and writes the ledger in the words of a run.
type store struct{ ledger.Store }

// require reads a document that must be there.
func (b store) require(ctx context.Context, key ledger.Key, v any) (rev int64, err error) {
	rev, err = ledger.Read(ctx, b.Store, key, v)
	if err == nil && rev == 0 {
		err = fmt.Errorf("read %s: it isn't in the ledger", key)
	}
	return rev, err
}

func (b store) run(ctx context.Context, id string) (r *run.Run, rev int64, err error) {
	r = &run.Run{}
	rev, err = b.require(ctx, runKey(id), r)
	return r, rev, err
}

func (b store) plan(ctx context.Context, id string) (*run.Plan, error) {
	p := &run.Plan{}
	_, err := b.require(ctx, planKey(id), p)
	return p, err
}

// versioned is an instance as it was read.
type versioned struct {
	*run.Instance
	rev int64
}

// holders reads the items of those that hold a token of the run and can still get on, in the order
// of the tokens; all of them, also the failed, if failed is true.
func (b store) holders(ctx context.Context, r *run.Run, failed bool) ([]versioned, error) {
	var keys []ledger.Key
	for _, t := range r.Tokens {
		if t.From == "" && (failed || !t.Failed) {
			keys = append(keys, instanceKey(r.ID, t.Instance))
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	docs, err := b.Get(ctx, keys...)
	if err != nil {
		return nil, fmt.Errorf("read the holders of run %s: %w", r.ID, err)
	}
	holders := make([]versioned, 0, len(docs))
	for _, d := range docs {
		h := versioned{Instance: &run.Instance{}, rev: d.Rev}
		if err := d.Decode(h.Instance); err != nil {
			return nil, err
		}
		holders = append(holders, h)
	}
	order := func(h versioned) int {
		return slices.IndexFunc(keys, func(k ledger.Key) bool { return k.SK == instancePrefix+h.ID })
	}
	slices.SortFunc(holders, func(a, b versioned) int { return order(a) - order(b) })
	return holders, nil
}

// outs reads what has failed out of service, in any run.
func (b store) outs(ctx context.Context) ([]run.Out, []int64, error) {
	docs, err := b.List(ctx, outPK, "", "", 0)
	if err != nil {
		return nil, nil, fmt.Errorf("read what failed out of service: %w", err)
	}
	outs, revs := make([]run.Out, len(docs)), make([]int64, len(docs))
	for n, d := range docs {
		if err := d.Decode(&outs[n]); err != nil {
			return nil, nil, err
		}
		revs[n] = d.Rev
	}
	return outs, revs, nil
}

// outOf are the instances of a run that failed out of service and are neither released nor seen
// back.
func (b store) outOf(ctx context.Context, id string) (map[string]bool, error) {
	outs, _, err := b.outs(ctx)
	out := map[string]bool{}
	for _, o := range outs {
		out[o.Instance] = out[o.Instance] || o.Run == id
	}
	return out, err
}

// eachInstance reads the run's instances a page at a time.
func (b store) eachInstance(ctx context.Context, id string, f func(*run.Instance)) error {
	const page = 500
	for after := ""; ; {
		docs, err := b.List(ctx, "RUN#"+id, instancePrefix, after, page)
		if err != nil {
			return fmt.Errorf("read the instances of run %s: %w", id, err)
		}
		for _, d := range docs {
			i := &run.Instance{}
			if err := d.Decode(i); err != nil {
				return err
			}
			f(i)
			after = d.SK
		}
		if len(docs) < page {
			return nil
		}
	}
}

// updateRun writes the run after f has changed it, again and again while others write it too. f
// returns false to leave it.
func (b store) updateRun(
	ctx context.Context, mark func() string, id string, f func(*run.Run) bool,
) error {
	const races = 8
	for race := 0; ; race++ {
		r, rev, err := b.run(ctx, id)
		if err != nil {
			return err
		}
		if !f(r) {
			return nil
		}
		err = ledger.Apply(ctx, b.Store, mark(), ledger.Put(runKey(id), rev, r))
		if err == nil {
			return nil
		}
		if !isRace(err) || race == races {
			return fmt.Errorf("write run %s: %w", id, err)
		}
	}
}

// waiting reads the next instances of the run that wait for a token.
func (b store) waiting(ctx context.Context, r *run.Run, n int) ([]versioned, error) {
	after := ""
	if r.Cursor != "" {
		after = instancePrefix + r.Cursor
	}
	var next []versioned
	for len(next) < n {
		docs, err := b.List(ctx, "RUN#"+r.ID, instancePrefix, after, n)
		if err != nil {
			return nil, fmt.Errorf("read who is next in run %s: %w", r.ID, err)
		}
		for _, d := range docs {
			h := versioned{Instance: &run.Instance{}, rev: d.Rev}
			if err := d.Decode(h.Instance); err != nil {
				return nil, err
			}
			if after = d.SK; h.Step == run.StepWaiting && len(next) < n {
				next = append(next, h)
			}
		}
		if len(docs) < n {
			break
		}
	}
	return next, nil
}

var _ choreo.Item = (*run.Instance)(nil)

// isRace says that a transaction may be written if it is tried again.
func isRace(err error) bool { return errors.Is(err, ledger.ErrConflict) || transient.IsNotApplied(err) }

// deleteOut deletes what keeps an instance out: its OUT item and, if it is that run's, its lock.
func (b store) deleteOut(ctx context.Context, mark string, out run.Out, rev int64) error {
	all := choreo.Transaction{Writes: []ledger.Write{{Key: outKey(out.Instance), Rev: rev, Delete: true}}}
	if err := b.unlock(ctx, out.Run, &all, instanceLock(out.Instance)); err != nil {
		return err
	}
	return ledger.Apply(ctx, b.Store, mark, all.Writes...)
}
