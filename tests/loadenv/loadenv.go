// Package loadenv is what a rolling reboot must not hurt, on real sockets of this machine: applications, load
// balancers before them, and a client that counts every request that fails.
//
//	Traffic ──► Balancer of a target group ──► Server ─┐ one an instance and group: a real listener, which is
//	            asks who is registered and healthy     ├ closed while the instance is down
//	Traffic ──► Balancer of another ─────────► Server ─┘
//
// Nothing tries a request twice: what becomes of it at the first target is what the client gets.
package loadenv

import (
	"context"
	"fmt"
	"time"

	"quickstep/shared/probe"
	"quickstep/shared/run"
)

// healthTimeout is how long a health check waits for an answer. An instance that is down refuses at once, so only
// the machine under all this could make one fail, and two in a row would take a target out for nothing.
const healthTimeout = 3 * time.Second

// Healthy is a target group's health check of the server on a port.
func Healthy(ctx context.Context, port int) bool { return HealthyAt(ctx, "127.0.0.1", port) }

// HealthyAt is the same at an address of the instance's own.
func HealthyAt(ctx context.Context, host string, port int) bool {
	url := fmt.Sprintf("http://%s:%d/health", host, port)
	return probe.Net{}.HTTP(ctx, run.HTTPProbe{URL: url, Codes: "200", Timeout: healthTimeout}).OK
}
