package rolling

import (
	"context"
	"net"
	"strconv"
	"time"

	"quickstep/shared/run"
)

// tcp connects to a port of the instance.
func (c Check) tcp(ctx context.Context, t *run.TCPCheck, m *run.Machine, all *findings) {
	switch {
	case !all.wanted():
	case m.Host() == "":
		all.add("TCP: ", run.Finding{Why: noHost}, false)
	default:
		address := net.JoinHostPort(m.Host(), strconv.Itoa(t.Port))
		all.add("TCP: ", c.Probes.TCP(ctx, address, time.Duration(t.Timeout)), true)
	}
}
