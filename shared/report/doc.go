// Package report holds what a patch report is and what it says: what people ask for (Request), the
// windows and instances that it is about, what Systems Manager knows of them (State, Patch), and
// what follows from that (Content): categories, counts, comparison, flags, lists and the verdict.
// All of it is pure: no context, no clock, no AWS. How it is written is package format's; the steps
// that make and send it are package patch's.
package report
