package rolling

import (
	"cmp"
	"context"
	"net"
	"strconv"
	"strings"
	"time"

	"quickstep/shared/run"
)

// http sends requests to the instance.
func (c Check) http(
	ctx context.Context, plan *run.Plan, i *run.Instance, m *run.Machine, all *findings,
) {
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
		return run.HTTPProbe{URL: scheme + "://" + address + cmp.Or(want.Path, path, "/"),
			Codes: cmp.Or(want.Codes, codes, "200"), Text: want.Text,
			Timeout: time.Duration(want.Timeout)}
	}
	if want.Port != 0 {
		path, codes := "", ""
		for _, c := range i.Capture {
			h := plan.Groups[c.Group].Health
			path, codes = cmp.Or(path, h.Path), cmp.Or(codes, h.Codes)
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
