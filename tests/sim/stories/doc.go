// Package stories plays scripts, and compares what an operator would have seen with what is written
// there: testdata/*.txt, which are to be read.
package stories
