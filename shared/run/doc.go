// Package run holds the values and the rules of a rolling reboot: what an operator asks for
// (Request), what a run is and counts (Run, Plan), where an instance stands (Instance), when it may
// leave service (Look), and how tokens pass from one instance to the next. All of it is pure: no
// context, no clock, no AWS.
package run
