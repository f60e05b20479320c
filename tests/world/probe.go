package world

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"quickstep/shared/run"
)

// Probe is what a step sees that asks machines itself, by their private addresses.
type Probe struct{ world *World }

// Probe asks machines.
func (w *World) Probe() *Probe { return &Probe{w} }

// HTTP sends one request and says whether the answer is the expected one, and if not, why.
func (p *Probe) HTTP(ctx context.Context, probe run.HTTPProbe) (f run.Finding) {
	w := p.world
	err := w.effect(ctx, Op{Service: "probe", Name: "HTTP", Subject: probe.URL}, func(*Op) error {
		u, err := url.Parse(probe.URL)
		if err != nil {
			return err
		}
		m, refusal := w.connect(u.Hostname())
		switch {
		case refusal != "":
			f = run.Finding{Down: true, Why: refusal}
		case !matches(probe.Codes, m.spec.Status):
			f.Why = fmt.Sprintf("status %d, not %s", m.spec.Status, probe.Codes)
		case !strings.Contains(m.spec.Body, probe.Text):
			f.Why = fmt.Sprintf("the answer doesn't contain %q", probe.Text)
		default:
			f.OK = true
		}
		return nil
	})
	if err != nil {
		return run.Finding{Why: err.Error()}
	}
	return f
}

// TCP opens a connection.
func (p *Probe) TCP(ctx context.Context, address string, _ time.Duration) (f run.Finding) {
	w := p.world
	err := w.effect(ctx, Op{Service: "probe", Name: "TCP", Subject: address}, func(*Op) error {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return err
		}
		_, why := w.connect(host)
		f = run.Finding{OK: why == "", Down: why != "", Why: why}
		return nil
	})
	if err != nil {
		return run.Finding{Why: err.Error()}
	}
	return f
}

// connect finds the machine behind an address: one that is down doesn't answer, one without application
// refuses. No address at all is whoever asks, and nothing listens there.
func (w *World) connect(ip string) (m *machine, refusal string) {
	m = w.owner("", ip)
	switch {
	case ip == "":
		return nil, "connection refused"
	case m == nil || !m.boots[len(m.boots)-1].lastsAt(w.now):
		return nil, "timeout"
	case !m.answers.last():
		return nil, "connection refused"
	}
	return m, ""
}

// matches reads codes such as "200,300-399"; without any it is 200.
func matches(codes string, status int) bool {
	for part := range strings.SplitSeq(cmp.Or(codes, "200"), ",") {
		from, to, ranged := strings.Cut(strings.TrimSpace(part), "-")
		if !ranged {
			to = from
		}
		low, err1 := strconv.Atoi(from)
		high, err2 := strconv.Atoi(to)
		if err1 == nil && err2 == nil && low <= status && status <= high {
			return true
		}
	}
	return false
}
