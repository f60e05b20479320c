// Package format writes a patch report: its text, subject and attributes for people, its rows and
// documents for machines, the files for a bucket, and the messages into which it is split. What a
// report says is package report's. It is pure: no context, no clock, no AWS.
//
//	Content ──► Units (lines and rows) ──► JSON, CSV        one document for the bucket
//	                                  └──► Split ──► Mail   as many messages as it takes
package format
