// Package rolling tests the rolling reboot on the simulation: a test for each rule and for what can go
// wrong.
package rolling
