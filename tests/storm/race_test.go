//go:build race

package storm_test

// seeds are few here: the race detector makes a storm ten times as slow, and a storm has no goroutines of its own to race.
// make test runs this test a second time without it.
const seeds = 10
