package rolling

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/run"
	"quickstep/shared/transient"
)

// Probes look at an application from outside.
type Probes interface {
	HTTP(ctx context.Context, p run.HTTPProbe) run.Finding
	TCP(ctx context.Context, address string, timeout time.Duration) run.Finding
}

// Check asks whether an instance has started, again and again, up to a bound.
type Check struct {
	choreo.Deps
	EC2 interface {
		Machines
		Status(ctx context.Context, instance string) (run.StatusChecks, error)
	}
	Boots     Boots
	Probes    Probes
	Functions interface {
		Ready(ctx context.Context, function string, payload any) (ready bool, why string, err error)
	}
	AlarmTopic Topic
}

const (
	// earlyLook is how soon after its reboot an instance without a readable boot id is looked at, and
	// how often from then on: boots of under half a minute are the rule for small servers, and the
	// proof is to have seen it down.
	earlyLook = 5 * time.Second
	// earlyFor is how long it is looked at that often: one that isn't down by then hangs, until EC2
	// forces its reboot about four minutes after the call, and lateLook sees that as well.
	earlyFor = 2 * time.Minute
	lateLook = 10 * time.Second
	// fewLooks is how many looks must have failed, however late it is: after an outage the first one
	// may fail by chance.
	fewLooks = 3
)

// Handler is the code of the check function.
func (c Check) Handler() choreo.Function { return choreo.SQSHandler(c.mover()) }

// mover moves instances by check. Errors say nothing about the instance, which has rebooted and may
// be well.
func (c Check) mover() choreo.Mover[*run.Instance] {
	m := moveInstances(c.Deps, "check", c.Act)
	m.Tolerance = externalErrors
	return m
}

// Act is safe to repeat: it only looks.
func (c Check) Act(ctx context.Context, w *instanceWork) (instanceOutcome, error) {
	out, err := c.look(ctx, w)
	notifyTrouble(ctx, c.AlarmTopic, w, c.Now(), err)
	return out, err
}

func (c Check) look(ctx context.Context, w *instanceWork) (instanceOutcome, error) {
	i := w.Item
	if why := unrecorded(i); why != "" {
		return w.GiveUp(why), nil
	}
	plan, err := (store{c.Ledger}).plan(ctx, i.Run)
	if err != nil {
		return instanceOutcome{}, err
	}
	m, err := machine(ctx, c.EC2, i.ID)
	if err != nil {
		return instanceOutcome{}, err
	}
	switch {
	case m == nil || m.Gone():
		return terminated(i), nil
	case m.State == "stopped" || m.State == "stopping":
		return w.GiveUp("the instance is " + m.State + " since its reboot; start it and look at its log"), nil
	}

	found, err := c.ready(ctx, plan, i, m)
	if err != nil {
		return instanceOutcome{}, err
	}
	i.Watch(found, c.Now())
	if !found.OK {
		i.PassingSince, i.Boot.Unanswered = time.Time{}, 0
	} else if i.PassingSince.IsZero() {
		i.PassingSince = c.Now()
	}
	unproven, wait, err := c.proof(ctx, w.Item)
	if err != nil {
		return instanceOutcome{}, err
	}
	return c.decide(i, plan, found, unproven, wait), nil
}

// decide goes on once all checks pass on a boot that is proven to be new, gives up when the time
// for that is over, or comes again. The bound is time, not a number of looks: those who look for a
// proof come close together.
func (c Check) decide(
	i *run.Instance, plan *run.Plan, found run.Finding, unproven string, wait time.Duration,
) instanceOutcome {
	now := c.Now()
	since := now.Sub(i.RebootedAt)
	rest := time.Duration(plan.Request.BootWait) - since
	switch {
	case found.OK && unproven == "" && rest > 0: // it was looked at early to see it down alone
		return choreo.Again[*run.Instance](rest, "it has started, and bootWait isn't over")
	case found.OK && unproven == "":
		i.StartedAt = now
		return choreo.Next[*run.Instance](run.StepRejoin, 0)
	case found.OK && wait == 0 && since >= max(plan.CheckFor(), run.WaitForProof) && c.asked(i):
		return choreo.GiveUp[*run.Instance](
			fmt.Sprintf("all checks pass, and %s after the reboot there is no proof of a new boot: %s",
				run.Span(since), unproven),
		)
	case found.OK && wait > 0:
		return choreo.Again[*run.Instance](min(wait, c.interval(plan, i, since)), unproven)
	case found.OK:
		return choreo.Again[*run.Instance](c.interval(plan, i, since), unproven)
	}

	i.Checks++
	if since >= plan.CheckFor() && i.Checks >= min(fewLooks, plan.Request.MaxChecks) {
		return choreo.GiveUp[*run.Instance](fmt.Sprintf("not started after %s, %s after the reboot: %s",
			run.Count(i.Checks, "check"), run.Span(since), found.Why))
	}
	return choreo.Again[*run.Instance](c.interval(plan, i, since), found.Why)
}

// asked says that a proof was asked for often enough since all checks pass: whoever comes late, after
// an outage, gives up after no single question, nor after those that were sent while it was down.
func (c Check) asked(i *run.Instance) bool {
	return i.Boot.Old == "" || i.Boot.Asked == 0 || i.Boot.Unanswered >= bootQuestions
}

// firstLook is how long after its reboot an instance is looked at first.
func firstLook(plan *run.Plan, i *run.Instance) time.Duration {
	wait := time.Duration(plan.Request.BootWait)
	if watched(plan, i) {
		return min(earlyLook, wait)
	}
	return wait
}

// interval is the time to the next look: close together while an instance that tells no boot id has
// to be seen down, then as the request says.
func (c Check) interval(plan *run.Plan, i *run.Instance, since time.Duration) time.Duration {
	interval := time.Duration(plan.Request.CheckInterval)
	switch rest := time.Duration(plan.Request.BootWait) - since; {
	case !watched(plan, i) && rest > 0:
		return rest
	case !watched(plan, i) || since >= run.HungReboot:
		return interval
	case since < earlyFor:
		return min(interval, earlyLook)
	}
	return min(interval, lateLook)
}

// watched says that an instance has to be seen down, and can be: by probes of its own. EC2's status
// checks look once a minute and show what they found minutes later.
func watched(plan *run.Plan, i *run.Instance) bool {
	probed := plan.Request.Check.TCP != nil || plan.Request.Check.HTTP != nil
	return probed && i.Boot.Old == "" && i.SeenDown.IsZero()
}

// proof says why the present boot can't be believed to be a new one; empty: it can. wait is how
// long that will take at most, if it is a matter of time alone; zero if it isn't.
func (c Check) proof(
	ctx context.Context, i *run.Instance,
) (unproven string, wait time.Duration, err error) {
	// asked while the application starts, so that the answer is there once it has
	if i.Boot.Old != "" && !i.Boot.New {
		if unproven, wait, err = c.newBoot(ctx, i); unproven != "" || err != nil {
			return unproven, wait, err
		}
	}

	rest := i.RebootedAt.Add(run.HungReboot).Sub(c.Now())
	if i.RebootCalls > 1 && rest > 0 {
		return "it was asked to reboot more than once; waiting until no further reboot can come", rest, nil
	}
	if i.Boot.Old == "" && i.SeenDown.IsZero() && rest > 0 {
		return fmt.Sprintf(
			"it was never seen down, and has no readable boot id; believed %s after the reboot",
			run.Span(run.HungReboot),
		), rest, nil
	}
	return "", 0, nil
}

// newBoot asks which boot the instance is on, and says why that isn't the one that the reboot
// brought about; empty: it is.
func (c Check) newBoot(
	ctx context.Context, i *run.Instance,
) (unproven string, wait time.Duration, err error) {
	read, why, err := readBoot(ctx, c.Boots, i, c.Now)
	switch {
	case err != nil:
		return "", 0, err
	case read.ID == "" && i.Boot.Command != "":
		return why, bootAnswer, nil
	case read.ID == "":
		if !i.PassingSince.IsZero() && !read.sentAt.Before(i.PassingSince) {
			i.Boot.Unanswered++
		}
		return why, 0, nil
	}
	i.Boot.Unanswered = 0

	hung := i.RebootedAt.Add(run.HungReboot)
	early := read.sentAt.Before(hung)
	// the answer is of then: whoever comes late asks again before giving up
	if early && !c.Now().Before(hung) {
		wait = bootAnswer
	}
	switch i.Booted(read.BootAnswer, read.sentAt, read.readAt) {
	case run.OldBoot:
		return "the instance is still on its old boot", wait, nil
	case run.TheirBoot:
		i.Boot.Old, i.Boot.OldAt = read.ID, read.sentAt
		return "the instance is on a boot that began before it was asked to reboot", wait, nil
	case run.Unclear:
		if early {
			return "the instance is on another boot, which may have begun before it was asked to reboot", wait, nil
		}
	}
	i.Boot = run.Boot{Old: i.Boot.Old, New: true}
	return "", 0, nil
}

// ready runs the checks that were asked for; the first that doesn't pass says why. As long as it
// matters whether the instance was seen down, all probes are made: the answer of one shows that it
// is up.
func (c Check) ready(
	ctx context.Context, plan *run.Plan, i *run.Instance, m *run.Machine,
) (run.Finding, error) {
	check := plan.Request.Check
	all := findings{probed: check.TCP != nil || check.HTTP != nil, whole: watched(plan, i)}
	if check.EC2 {
		s, err := c.EC2.Status(ctx, i.ID)
		if err != nil {
			return run.Finding{}, fmt.Errorf("read the status checks of %s: %w", i.ID, err)
		}
		all.add("EC2: ", s.Finding(), false)
	}
	if t := check.TCP; t != nil && all.wanted() {
		if m.Host() == "" { // which would be the function itself
			all.add("TCP: ", run.Finding{Why: noHost}, false)
		} else {
			address := net.JoinHostPort(m.Host(), strconv.Itoa(t.Port))
			all.add("TCP: ", c.Probes.TCP(ctx, address, time.Duration(t.Timeout)), true)
		}
	}
	if check.HTTP != nil {
		probes, why := httpProbes(plan, i, m)
		if len(probes) == 0 { // nothing was asked, so nothing has passed, and nothing was seen down
			all.add("HTTP: ", run.Finding{Why: why}, false)
		}
		for _, p := range probes {
			if all.wanted() {
				all.add("HTTP: ", c.Probes.HTTP(ctx, p), true)
			}
		}
	}
	if l := check.Lambda; l != nil && all.passed() {
		ok, why, err := c.Functions.Ready(
			ctx,
			l.Function,
			CheckRequest{Run: i.Run, Instance: i.ID, PrivateIP: m.Host()},
		)
		if transient.Is(err) {
			return run.Finding{}, fmt.Errorf("ask function %s about %s: %w", l.Function, i.ID, err)
		}
		if err != nil { // the operator's own function has failed, or isn't there: so the check doesn't pass
			ok, why = false, err.Error()
		}
		// it may have other reasons than that it is down
		all.add(l.Function+": ", run.Finding{OK: ok, Why: why}, false)
	}
	return all.combined(), nil
}

// findings are those of one look.
type findings struct {
	probed, whole bool // there are probes; all of them are to be made
	made          int
	why           string // of the first that didn't pass
	down, answers bool
}

func (f *findings) wanted() bool { return f.whole || f.passed() }
func (f *findings) passed() bool { return f.why == "" }

// add takes the finding of one check. EC2's word on whether the instance is down counts where
// nothing else is asked.
func (f *findings) add(name string, found run.Finding, probe bool) {
	f.made++
	if !found.OK && f.why == "" {
		f.why = name + found.Why
	}
	f.answers = f.answers || (probe && !found.Down)
	f.down = f.down || (found.Down && (probe || !f.probed))
}

// combined is what a look has found. A look that looked at nothing doesn't pass.
func (f *findings) combined() run.Finding {
	if f.made == 0 {
		return run.Finding{Why: "none of the checks applies to the instance"}
	}
	return run.Finding{OK: f.why == "", Down: f.down && !f.answers, Why: f.why}
}

// CheckRequest is what a check function of the operator's is asked. It answers {"ready": true} or
// {"ready": false, "reason": "…"}.
type CheckRequest struct {
	Run       string `json:"run"`
	Instance  string `json:"instance"`
	PrivateIP string `json:"privateIp"` // an IPv6 one if there is no IPv4
}

const noHost = "the instance has no private address that could be probed"

// httpProbes are the requests that must succeed: one to the port that was asked for, or one to each
// port under which a target group with an HTTP health check knows the instance. Without any, why
// says what is missing.
func httpProbes(
	plan *run.Plan, i *run.Instance, m *run.Machine,
) (probes []run.HTTPProbe, why string) {
	if m.Host() == "" { // which would be the function itself
		return nil, noHost
	}
	want := plan.Request.Check.HTTP
	probe := func(scheme, port, path, codes string) run.HTTPProbe {
		address := net.JoinHostPort(m.Host(), port)
		return run.HTTPProbe{URL: scheme + "://" + address + firstNonEmpty(want.Path, path, "/"),
			Codes: firstNonEmpty(want.Codes, codes, "200"), Text: want.Text,
			Timeout: time.Duration(want.Timeout)}
	}
	if want.Port != 0 {
		path, codes := "", ""
		for _, c := range i.Capture {
			h := plan.Groups[c.Group].Health
			path, codes = firstNonEmpty(path, h.Path), firstNonEmpty(codes, h.Codes)
		}
		return []run.HTTPProbe{probe("http", strconv.Itoa(want.Port), path, codes)}, ""
	}
	for _, c := range i.Capture {
		h := plan.Groups[c.Group].Health
		if !h.HTTP() {
			continue
		}
		port := h.Port
		if port == "" || port == "traffic-port" {
			port = strconv.Itoa(c.Port)
		}
		probes = append(probes, probe(strings.ToLower(h.Protocol), port, h.Path, h.Codes))
	}
	if len(probes) == 0 {
		why = "there is no port to probe: the instance was in no target group with an HTTP health check"
	}
	return probes, why
}

func firstNonEmpty(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
