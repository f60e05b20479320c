//go:build !race

package storm_test

// seeds are as many as a few seconds allow; make sim runs thousands.
const seeds = 500
