//go:build race

package simtest

// Raced says that the race detector is on, which makes everything several times slower.
const Raced = true
