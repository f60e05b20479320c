package rolling

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/shared/run"
	"quickstep/shared/transient"
)

const (
	// muteFor is how long alarms stay muted by themselves: so long do they stay silent at most if
	// everything of ours is dead.
	muteFor = time.Hour
	// muteRenew is the rest at which the mute is prolonged; the run's own position comes round every
	// ten minutes.
	muteRenew = 30 * time.Minute
	// mutePatience is how long a mute rule may take to become active: it begins at a full minute.
	mutePatience = 5 * time.Minute
	// muteLooks is how often a run that is starting looks before it gives up: for fifteen minutes.
	muteLooks = 60
	// mutePoll is how often a mute rule is looked at until it is active.
	mutePoll = 15 * time.Second
	// muteRuleAlarms is the most alarms of one mute rule (CloudWatch).
	muteRuleAlarms = 100
	// muteGenerations are the latest generations of mute rules that are kept: each begins at least
	// mutePatience after the one before it, so that any earlier one has ended.
	muteGenerations = int((muteFor+time.Minute)/mutePatience) + 2
	// deletedAtOnce is how many earlier generations are deleted at one look.
	deletedAtOnce = 5
)

// Muter keeps a run's alarms and EventBridge rules from firing. All of it happens under the lease
// of the run's own position. Alarms are muted by alarm mute rules, which end by themselves and
// leave the alarms untouched; EventBridge rules are disabled, and MUTE items say for which runs.
type Muter struct {
	choreo.Deps
	Alarms interface {
		Alarms(ctx context.Context, prefixes, names []string) ([]run.Alarm, error)
		Mute(ctx context.Context, r run.MuteRule) error
		MuteActive(ctx context.Context, name string) (bool, error)
		Unmute(ctx context.Context, name string) error
	}
	Rules interface {
		Rule(ctx context.Context, bus, name string) (run.Rule, error)
		Disable(ctx context.Context, r run.Rule) error
		Enable(ctx context.Context, r run.Rule) error
	}
	// Stack is the prefix of the names of our mute rules.
	Stack string
}

// Apply mutes, prolongs, and looks whether everything is muted. why says what is still missing;
// empty: all is quiet, and Quiet.Since says since when. since is the time after which that must
// have been seen. Nothing that can't be muted keeps the rest from being so.
func (m Muter) Apply(
	ctx context.Context, w *runWork, plan *run.Plan, since time.Time,
) (why string, err error) {
	q := &w.Item.Mute
	rulesErr := m.rules(ctx, w, plan)
	if rulesErr != nil {
		if err := w.Save(ctx); err != nil { // who has lost the lease does nothing more
			return "", errors.Join(rulesErr, err)
		}
	}
	why, err = m.alarms(ctx, w, plan, since)
	if err = errors.Join(rulesErr, err); err != nil || why != "" {
		return why, err
	}
	if !q.Since.After(since) {
		q.Since = m.Now()
	}
	return "", nil
}

// rules disables what isn't known to be disabled. If that fails, nobody may leave until it has
// succeeded.
func (m Muter) rules(ctx context.Context, w *runWork, plan *run.Plan) error {
	q := &w.Item.Mute
	if len(plan.Rules) == 0 || q.RulesDisabled {
		return nil
	}
	q.RulesTouched = true // written down before the first rule is touched, so that restoring knows
	if err := w.Save(ctx); err != nil {
		return err
	}
	var all []error
	for _, rule := range plan.Rules {
		all = append(all, m.disableForRun(ctx, w, rule))
	}
	if err := errors.Join(all...); err != nil {
		q.Since = time.Time{}
		return err
	}
	q.RulesDisabled = true
	return nil
}

// alarms puts the mute rules of a new generation when the present one ends soon, and waits until
// they are active.
func (m Muter) alarms(
	ctx context.Context, w *runWork, plan *run.Plan, since time.Time,
) (why string, err error) {
	if len(plan.Alarms) == 0 {
		return "", nil
	}
	q, now := &w.Item.Mute, m.Now()
	late := !q.Pending.IsZero() && now.After(q.Pending.Add(-muteFor).Add(mutePatience))
	if late || (q.Pending.IsZero() && q.Until.Sub(now) < muteRenew) {
		if err := m.newGeneration(ctx, w, plan, now); err != nil {
			return "", err
		}
	}
	if q.Pending.IsZero() && (q.Until.IsZero() || q.Since.After(since)) {
		return "", nil // every alarm is deleted, or all was seen muted
	}
	if why, err = m.put(ctx, w, plan); err != nil {
		return "", err
	}
	if why != "" && now.Before(q.Until) && q.Since.After(since) {
		return "", nil // the generation before still holds
	}
	return why, nil
}

// newGeneration writes down a new generation of mute rules, for those alarms of the plan that
// exist: CloudWatch refuses a rule that names another.
func (m Muter) newGeneration(ctx context.Context, w *runWork, plan *run.Plan, now time.Time) error {
	q := &w.Item.Mute
	missing, err := m.missing(ctx, plan)
	if err == nil {
		w.Item.Missing = missing
	} else { // what was known before may do: CloudWatch checks it
		slog.Warn("mute", "run", w.Item.Run, "outcome", "the alarms couldn't be listed", "reason", err.Error())
	}
	q.RulesDisabled = false // look at the rules again as well: a slow call of another run's may have enabled one
	names := listed(plan, w.Item)
	if len(names) == 0 {
		q.Until, q.Pending, q.Put = time.Time{}, time.Time{}, false
		return nil
	}
	q.Begin(len(parts(names)))
	q.Pending, q.Put = now.Truncate(time.Minute).Add(time.Minute+muteFor), false
	return w.Save(ctx)
}

// missing are the alarms of the plan that don't exist any more.
func (m Muter) missing(ctx context.Context, plan *run.Plan) ([]string, error) {
	found, err := m.Alarms.Alarms(ctx, nil, plan.Alarms)
	if err != nil {
		return nil, fmt.Errorf("list the alarms to mute: %w", err)
	}
	exists := map[string]bool{}
	for _, a := range found {
		exists[a.Name] = true
	}
	var missing []string
	for _, name := range plan.Alarms {
		if !exists[name] {
			missing = append(missing, name)
		}
	}
	return missing, nil
}

// listed are the alarms of the plan that are to be muted.
func listed(plan *run.Plan, a *run.Active) []string {
	gone := map[string]bool{}
	for _, name := range a.Missing {
		gone[name] = true
	}
	return slices.DeleteFunc(slices.Clone(plan.Alarms), func(name string) bool { return gone[name] })
}

// put puts those mute rules of the latest generation that weren't, and looks whether all are
// active.
func (m Muter) put(ctx context.Context, w *runWork, plan *run.Plan) (why string, err error) {
	q := &w.Item.Mute
	var all []error
	refused := false
	for part, names := range parts(listed(plan, w.Item)) {
		missing, err := m.putPart(ctx, w, part, names)
		if err != nil {
			all = append(all, err)
			// one by one: what is transient about one part doesn't hide that another is refused
			refused = refused || !transient.Is(err) && !errors.Is(err, choreo.ErrLost)
		} else if missing != "" {
			why = missing
		}
	}
	if refused {
		all = append(all, m.onRefusedMute(ctx, w, plan))
	}
	if err := errors.Join(all...); err != nil {
		return "", err
	}
	q.Put = !q.Pending.IsZero()
	if why == "" && q.Put {
		q.Until, q.Pending, q.Put = q.Pending, time.Time{}, false
	}
	return why, nil
}

// putPart looks at one mute rule, and puts it if it wasn't.
func (m Muter) putPart(
	ctx context.Context, w *runWork, part int, names []string,
) (why string, err error) {
	q := &w.Item.Mute
	name := m.name(w.Item.Run, q.Generation, part)
	active, err := m.Alarms.MuteActive(ctx, name)
	if err != nil {
		return "", fmt.Errorf("look at alarm mute rule %s: %w", name, err)
	}
	if active {
		return "", nil
	}
	why = "alarm mute rule " + name + " isn't active yet"
	if q.Pending.IsZero() { // somebody deleted it: begin a new one
		q.Until = time.Time{}
		return why, nil
	}
	if q.Put {
		return why, nil
	}
	rule := run.MuteRule{Name: name, Alarms: names, From: q.Pending.Add(-muteFor), For: muteFor}
	if err := m.Alarms.Mute(ctx, rule); err != nil {
		return "", fmt.Errorf("mute %s: %w", run.Count(len(names), "alarm"), err)
	}
	return why, nil
}

// onRefusedMute makes the next look begin a new generation if mute rules were refused and the list is
// another one by now.
func (m Muter) onRefusedMute(ctx context.Context, w *runWork, plan *run.Plan) error {
	missing, err := m.missing(ctx, plan)
	if err == nil && !slices.Equal(missing, w.Item.Missing) {
		w.Item.Mute.Pending = time.Time{}
	}
	return err
}

// Restore ends the mute: rules are enabled, unless another run holds them, and our alarm mute rules
// are deleted, which fires the actions of those alarms that are still in ALARM. What can't be
// restored doesn't keep the rest from being so.
func (m Muter) Restore(ctx context.Context, w *runWork, plan *run.Plan) error {
	q := &w.Item.Mute
	if q.RulesDisabled || !q.Since.IsZero() { // what is half undone must not count as muted
		q.RulesDisabled, q.Since = false, time.Time{}
		if err := w.Save(ctx); err != nil {
			return err
		}
	}
	var all []error
	if q.RulesTouched {
		for _, rule := range plan.Rules {
			all = append(all, m.enableForRun(ctx, w, rule))
		}
	}
	if err := errors.Join(all...); err != nil {
		if lost := w.Save(ctx); lost != nil { // who has lost the lease does nothing more
			return errors.Join(err, lost)
		}
	}
	all = append(all, m.unmute(ctx, w, plan))
	if err := errors.Join(all...); err != nil {
		return err
	}
	*q = run.MuteState{Generation: q.Generation, Deleted: q.Deleted}
	return nil
}

// unmute deletes all mute rules. They are written down one by one: a long run has many, and
// CloudWatch takes few calls a second. Rules that can't be deleted and have ended by themselves are
// left.
func (m Muter) unmute(ctx context.Context, w *runWork, plan *run.Plan) error {
	q := &w.Item.Mute
	for q.Deleted < q.Generation {
		if err := m.remove(ctx, w, plan, q.Deleted+1); err != nil {
			now := m.Now()
			ended := now.After(q.Until) && now.After(q.Pending)
			if !ended || transient.Is(err) {
				return err
			}
			slog.Warn("mute", "run", w.Item.Run,
				"outcome", "mute rules that have ended are left", "reason", err.Error())
		}
		q.Deleted++
		if err := w.Save(ctx); err != nil {
			return err
		}
	}
	return nil
}

// remove deletes the mute rules of one generation.
func (m Muter) remove(ctx context.Context, w *runWork, plan *run.Plan, generation int) error {
	for part := range w.Item.Mute.PartsOf(generation, len(parts(plan.Alarms))) {
		name := m.name(w.Item.Run, generation, part)
		if err := m.Alarms.Unmute(ctx, name); err != nil {
			return fmt.Errorf("delete alarm mute rule %s: %w", name, err)
		}
	}
	return nil
}

// DeleteEnded deletes mute rules that ended long ago, so that a run of weeks doesn't have thousands at
// its end.
func (m Muter) DeleteEnded(ctx context.Context, w *runWork, plan *run.Plan) error {
	q := &w.Item.Mute
	for range deletedAtOnce {
		if q.Generation-q.Deleted <= muteGenerations {
			return nil
		}
		if err := m.remove(ctx, w, plan, q.Deleted+1); err != nil {
			return err
		}
		q.Deleted++
	}
	return nil
}

func (m Muter) name(id string, generation, part int) string {
	return fmt.Sprintf("%s-%s-%d-%d", m.Stack, id, generation, part+1)
}

func parts(alarms []string) [][]string { return slices.Collect(slices.Chunk(alarms, muteRuleAlarms)) }

// disableForRun disables a rule for this run, or joins the runs for which it is disabled. One that
// is off and that no run holds was off before, and stays so.
func (m Muter) disableForRun(ctx context.Context, w *runWork, rule run.Rule) error {
	for range 5 {
		var muted run.Muted
		rev, err := ledger.Read(ctx, m.Ledger, muteKey(rule), &muted)
		if err != nil {
			return err
		}
		switch {
		case rev != 0 && muted.Restoring:
			if err := m.restore(ctx, w, rule, rev); err != nil && !errors.Is(err, ledger.ErrConflict) {
				return err
			}
			continue
		case len(muted.Runs) == 0: // nobody holds it, or ever has
			found, err := m.Rules.Rule(ctx, rule.Bus, rule.Name)
			if errors.Is(err, run.ErrNoRule) || errors.Is(err, run.ErrNotOurs) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("read rule %s: %w", rule.Name, err)
			}
			if !found.Enabled {
				if again, err := ledger.Read(ctx, m.Ledger, muteKey(rule), &muted); err != nil || again == rev {
					return err
				}
				continue // another run took it between the two readings
			}
			muted = run.Muted{Rule: run.Rule{Bus: rule.Bus, Name: rule.Name}, Runs: []string{w.Item.Run}}
		case !slices.Contains(muted.Runs, w.Item.Run):
			muted.Runs = append(muted.Runs, w.Item.Run)
		default:
			return m.disable(ctx, rule)
		}
		err = ledger.Apply(ctx, m.Ledger, w.Mark(), ledger.Put(muteKey(rule), rev, muted), w.LeaseHeld())
		if err == nil {
			return m.disable(ctx, rule)
		}
		if !isRace(err) {
			return fmt.Errorf("write down that rule %s is muted: %w", rule.Name, err)
		}
	}
	return fmt.Errorf("mute rule %s: %w", rule.Name, ledger.ErrConflict)
}

func (m Muter) disable(ctx context.Context, rule run.Rule) error {
	if err := m.Rules.Disable(ctx, rule); err != nil && !errors.Is(err, run.ErrNoRule) {
		return fmt.Errorf("disable rule %s: %w", rule.Name, err)
	}
	return nil
}

// enableForRun takes this run off a rule; the last one restores it.
func (m Muter) enableForRun(ctx context.Context, w *runWork, rule run.Rule) error {
	for range 5 {
		var muted run.Muted
		rev, err := ledger.Read(ctx, m.Ledger, muteKey(rule), &muted)
		if err != nil || rev == 0 {
			return err
		}
		muted.Expires = time.Time{}
		if muted.Restoring {
			return m.restore(ctx, w, rule, rev)
		}
		if !slices.Contains(muted.Runs, w.Item.Run) {
			return nil
		}
		muted.Runs = slices.DeleteFunc(muted.Runs, func(id string) bool { return id == w.Item.Run })
		muted.Restoring = len(muted.Runs) == 0
		err = ledger.Apply(ctx, m.Ledger, w.Mark(), ledger.Put(muteKey(rule), rev, muted), w.LeaseHeld())
		switch {
		case err == nil && muted.Restoring:
			return m.restore(ctx, w, rule, rev+1)
		case err == nil:
			return nil
		case !isRace(err):
			return fmt.Errorf("write down that rule %s isn't muted any more: %w", rule.Name, err)
		}
	}
	return fmt.Errorf("restore rule %s: %w", rule.Name, ledger.ErrConflict)
}

// restore finishes what MUTE calls restoring: the rule is enabled before the item says that nobody
// holds it. The item stays for a while, so that its revisions keep growing: by a revision that came
// twice, a late writer could undo another run's.
func (m Muter) restore(ctx context.Context, w *runWork, rule run.Rule, rev int64) error {
	if err := m.Rules.Enable(ctx, rule); err != nil {
		return fmt.Errorf("enable rule %s: %w", rule.Name, err)
	}
	free := run.Muted{Rule: run.Rule{Bus: rule.Bus, Name: rule.Name}, Expires: w.Now.Add(run.Retention)}
	err := ledger.Apply(ctx, m.Ledger, w.Mark(), ledger.Put(muteKey(rule), rev, free))
	if err != nil && !errors.Is(err, ledger.ErrConflict) {
		return fmt.Errorf("forget that rule %s was muted: %w", rule.Name, err)
	}
	return nil
}
