//go:build race

package reports_test

// seeds are few here: the race detector makes a storm ten times as slow, and a storm has no goroutines of its own to race.
const seeds = 10
