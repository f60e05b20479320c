// Package patch tests the patch report on the simulation.
package patch
