package rolling

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/shared/run"
)

// Probes look at an application from outside.
type Probes interface {
	HTTP(ctx context.Context, p run.HTTPProbe) (ok bool, why string)
	TCP(ctx context.Context, address string, timeout time.Duration) (ok bool, why string)
}

// Check asks whether an instance has started, again and again, up to a bound.
type Check struct {
	Ledger ledger.Store
	EC2    interface {
		Machines
		StatusOK(ctx context.Context, instance string) (ok bool, why string, err error)
	}
	Boots     Boots
	Probes    Probes
	Functions interface {
		Ready(ctx context.Context, function string, payload any) (ready bool, why string, err error)
	}
	Now func() time.Time
}

// Act is safe to repeat: it only looks.
func (c Check) Act(ctx context.Context, w *choreo.Work[*run.Instance]) (choreo.Outcome, error) {
	i := w.Item
	plan, err := (book{c.Ledger}).plan(ctx, i.Run)
	if err != nil {
		return choreo.Outcome{}, err
	}
	m, err := machine(ctx, c.EC2, i.ID)
	if err != nil {
		return choreo.Outcome{}, err
	}
	switch {
	case m == nil || m.Gone():
		return terminated(i), nil
	case m.State == "stopped" || m.State == "stopping":
		return choreo.GiveUp("the instance is " + m.State + " since its reboot; start it and look at its log"), nil
	}
	notReady, down, err := c.ready(ctx, plan, i, m)
	if err != nil {
		return choreo.Outcome{}, err
	}
	c.watch(i, down)
	unproven, wait, err := c.proof(ctx, w, time.Duration(plan.Request.CheckInterval))
	switch {
	case err != nil:
		return choreo.Outcome{}, err
	case notReady == "" && unproven == "":
		i.StartedAt = c.Now()
		return choreo.Next(run.StepRejoin, 0), nil
	case notReady == "" && wait > 0: // bounded by time; not one of the checks
		return choreo.Again(wait, unproven), nil
	case notReady == "":
		notReady = unproven
	}
	if i.Checks++; i.Checks >= plan.Request.MaxChecks {
		return choreo.GiveUp(fmt.Sprintf("not started after %d checks, %s after the reboot: %s",
			i.Checks, run.Span(c.Now().Sub(i.RebootedAt)), notReady)), nil
	}
	return choreo.Again(time.Duration(plan.Request.CheckInterval), notReady), nil
}

// proof says why the present boot can't be believed to be a new one; empty: it can. wait is how long to wait if that is a
// matter of time alone, zero if it isn't.
func (c Check) proof(ctx context.Context, w *choreo.Work[*run.Instance], interval time.Duration) (unproven string, wait time.Duration, err error) {
	i := w.Item
	rest := min(i.RebootedAt.Add(run.HungReboot).Sub(c.Now()), interval)
	if i.Boot.Old != "" && !i.Boot.New { // asked while the application starts, so that the answer is there once it has
		id, why, err := readBoot(ctx, c.Boots, w, c.Now())
		switch {
		case err != nil:
			return "", 0, err
		case id == "" && i.Boot.Command != "":
			return why, bootAnswer, nil
		case id == "":
			return why, 0, nil
		case run.SameBoot(id, i.Boot.Old):
			return "the instance is still on its old boot", 0, nil
		}
		i.Boot = run.Boot{Old: i.Boot.Old, New: true}
	}
	if i.RebootCalls > 1 && rest > 0 {
		return "it was asked to reboot more than once; waiting until no further reboot can come", rest, nil
	}
	if i.Boot.Old == "" && i.SeenDown.IsZero() && rest > 0 {
		return fmt.Sprintf("it was never seen down, and has no readable boot id; believed %s after the reboot", run.Span(run.HungReboot)), rest, nil
	}
	return "", 0, nil
}

// watch notes when the instance was seen down: by two checks in a row, for one may fail by chance; and not if it wasn't healthy
// before its reboot either.
func (c Check) watch(i *run.Instance, down bool) {
	wasUp := len(i.Capture) == 0
	for _, r := range i.Capture {
		wasUp = wasUp || r.Healthy
	}
	switch {
	case !down:
		i.DownOnce = time.Time{}
	case i.DownOnce.IsZero():
		i.DownOnce = c.Now()
	case i.SeenDown.IsZero() && wasUp:
		i.SeenDown = c.Now()
	}
}

// ready runs the checks that were asked for; the first that doesn't pass says why, and whether that shows the instance down:
// what an operator's function says may have other reasons.
func (c Check) ready(ctx context.Context, plan *run.Plan, i *run.Instance, m *run.Machine) (notReady string, down bool, err error) {
	check := plan.Request.Check
	if check.EC2 {
		ok, why, err := c.EC2.StatusOK(ctx, i.ID)
		if err != nil {
			return "", false, fmt.Errorf("read the status checks of %s: %w", i.ID, err)
		}
		if !ok {
			return "EC2: " + why, true, nil
		}
	}
	if t := check.TCP; t != nil {
		if ok, why := c.Probes.TCP(ctx, m.PrivateIP+":"+strconv.Itoa(t.Port), time.Duration(t.Timeout)); !ok {
			return "TCP: " + why, true, nil
		}
	}
	if check.HTTP != nil {
		for _, p := range httpProbes(plan, i, m) {
			if ok, why := c.Probes.HTTP(ctx, p); !ok {
				return "HTTP: " + why, true, nil
			}
		}
	}
	if l := check.Lambda; l != nil {
		ok, why, err := c.Functions.Ready(ctx, l.Function, CheckRequest{Run: i.Run, Instance: i.ID, PrivateIP: m.PrivateIP})
		if err != nil {
			return "", false, fmt.Errorf("ask function %s about %s: %w", l.Function, i.ID, err)
		}
		if !ok {
			return l.Function + ": " + why, false, nil
		}
	}
	return "", false, nil
}

// CheckRequest is what a check function of the operator's is asked. It answers {"ready": true} or
// {"ready": false, "reason": "…"}.
type CheckRequest struct {
	Run       string `json:"run"`
	Instance  string `json:"instance"`
	PrivateIP string `json:"privateIp"`
}

// httpProbes are the requests that must succeed: one to the port that was asked for, or one to each port under which a
// target group with an HTTP health check knows the instance.
func httpProbes(plan *run.Plan, i *run.Instance, m *run.Machine) []run.HTTPProbe {
	want := plan.Request.Check.HTTP
	probe := func(scheme, port, path, codes string) run.HTTPProbe {
		return run.HTTPProbe{URL: scheme + "://" + m.PrivateIP + ":" + port + or(want.Path, path, "/"), Codes: or(want.Codes, codes, "200"),
			Text: want.Text, Timeout: time.Duration(want.Timeout)}
	}
	if want.Port != 0 {
		path, codes := "", ""
		for _, c := range i.Capture {
			h := plan.Groups[c.Group].Health
			path, codes = or(path, h.Path), or(codes, h.Codes)
		}
		return []run.HTTPProbe{probe("http", strconv.Itoa(want.Port), path, codes)}
	}
	var probes []run.HTTPProbe
	for _, c := range i.Capture {
		h := plan.Groups[c.Group].Health
		if h.Protocol != "HTTP" && h.Protocol != "HTTPS" {
			continue
		}
		port := h.Port
		if port == "" || port == "traffic-port" {
			port = strconv.Itoa(c.Port)
		}
		probes = append(probes, probe(strings.ToLower(h.Protocol), port, h.Path, h.Codes))
	}
	return probes
}

func or(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
