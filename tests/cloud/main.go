// Command cloud is make e2e: the project's template, built and deployed by the AWS SAM CLI onto an emulator of AWS,
// and the real binaries at work there, over the wire.
//
//	client ──► load balancers ──► instances: real listeners, gone while they boot
//	                 ▲ asks            ▲ reboots
//	              tests/cloud/standin: EC2, ELBv2, SSM, mute rules, on tests/world in real time
//	                 ▲
//	  bootstrap binaries of start, drain, reboot, check, rejoin, finish, triage, watchdog, control, survey, scan, report
//	                 ▼
//	              MiniStack: CloudFormation, SQS, Lambda, DynamoDB, SNS, EventBridge, CloudWatch alarms
//
// Three fleets are rebooted at the same time: one by the stack's schedule; one whose functions are killed, whose
// queues are purged, that is paused and resumed; one with an instance that never comes back, by a schedule that the
// commands of docs/run.md have made. A patch report is asked for and received, another by a schedule of
// docs/patch-report.md. A client sends requests all the time, and each that fails is one too many. It exits 1 if
// anything isn't as it should be.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"quickstep/tests/cloud/stage"
)

// limit is the real time after which something hangs.
const limit = 16 * time.Minute

// tools are the programs that the Makefile has installed and built.
type tools struct{ ministack, sam, aws, built, logs string }

func main() {
	var t tools
	flag.StringVar(&t.ministack, "ministack", "", "the program ministack")
	flag.StringVar(&t.sam, "sam", "", "the program sam")
	flag.StringVar(&t.aws, "aws", "", "the program aws")
	flag.StringVar(&t.built, "built", "", "the folder into which sam has built, for this machine's processor")
	flag.StringVar(
		&t.logs,
		"logs",
		"",
		"the folder that takes the emulator's files and logs; without it they are kept only if something is wrong",
	)
	flag.Parse()
	if flag.NArg() > 0 || t.ministack == "" || t.sam == "" || t.aws == "" || t.built == "" {
		fmt.Fprintln(os.Stderr, "usage: see make e2e")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(ctx, limit)
	d := stage.NewLog(os.Stdout)
	err := setUp(ctx, d, t)
	cancel()
	stop()
	if err != nil {
		d.Judge("all", "it comes to its end", err.Error())
	}
	if wrong := d.Broken(); len(wrong) > 0 {
		fmt.Printf("\nend-to-end: %d things are wrong\n", len(wrong))
		os.Exit(1)
	}
	fmt.Println("\nend-to-end: all is well")
}
