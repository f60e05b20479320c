//go:build !race

package patches_test

const seeds = 400
