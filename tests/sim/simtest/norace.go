//go:build !race

package simtest

// Raced says that the race detector is on.
const Raced = false
