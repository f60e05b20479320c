//go:build !race

package reports_test

// seeds are as many as a few seconds allow.
const seeds = 400
