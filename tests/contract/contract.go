// Package contract is what every port of the product must do, as tests: one suite a port. A suite knows nothing but
// the port, in the product's words, and the hooks with which its fixture arranges the world: it runs on
// tests/world, and on the adapters of shared/cloud wherever somebody can open such a fixture. The ledger's suite is
// shared/ledger/ledgertest.
package contract

import (
	"slices"
	"testing"
	"time"

	"quickstep/shared/transient"
)

// part is one sentence of a contract.
type part[F any] struct {
	name string
	test func(*testing.T, F)
}

// exercise tests each part on a fixture of its own.
func exercise[F any](t *testing.T, open func(*testing.T) F, parts []part[F]) {
	t.Helper()
	for _, p := range parts {
		t.Run(p.name, func(t *testing.T) { p.test(t, open(t)) })
	}
}

// must gives a value or ends the test.
func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// ok ends the test if a call failed.
func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// final fails unless a call has failed in a way that no repetition mends.
func final(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil || transient.Is(err) {
		t.Errorf("%s: %v; want an error that is final", what, err)
	}
}

// same fails unless two lists are equal.
func same[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// Wait lets time pass, on the clock that the port lives by.
type Wait func(time.Duration)

// until waits until something holds; a state may take a while to show.
func (w Wait) until(t *testing.T, what string, limit time.Duration, holds func() bool) {
	t.Helper()
	const pause = time.Second
	for waited := time.Duration(0); !holds(); waited += pause {
		if waited >= limit {
			t.Fatalf("%s: not within %s", what, limit)
		}
		w(pause)
	}
}
