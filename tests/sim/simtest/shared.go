package simtest

import (
	"flag"
	"fmt"
	"strings"
	"time"

	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// Update writes golden files anew.
var Update = flag.Bool("update", false, "write the traces of the stories anew")

// FirstDifference tells two traces apart.
func FirstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for n := range max(len(w), len(g)) {
		var a, b string
		if n < len(w) {
			a = w[n]
		}
		if n < len(g) {
			b = g[n]
		}
		if a != b {
			return fmt.Sprintf("line %d", n+1) + " of the trace\nwas " + a + "\nnow " + b + "\n"
		}
	}
	return "nothing differs\n"
}

// Cost is what a run needs an instance.
type Cost struct {
	Name string
	Per  func(*sim.Fleet) float64
}

// Costs are what a run is measured by.
var Costs = []Cost{
	{"messages", Counted("sqs.Messages")},
	{"deliveries", Counted("sqs.Deliveries")},
	{"invocations", Counted("lambda.Invocations")},
	{"ledger writes", Counted("dynamodb.Write")},
	{"written items", Counted("dynamodb.WrittenItems")},
	{"write units", Counted("dynamodb.WriteUnits")},
	{"read units", Counted("dynamodb.ReadUnits")},
	{"EC2 calls", Counted("ec2")},
	{"target group calls", Counted("elb")},
	{"SSM calls", Counted("ssm")},
	{"dollars per 1,000", func(f *sim.Fleet) float64 { return 1000 * Price(f) }},
}

// Broken lets a call fail until a time.
func Broken(kind string, until time.Time) func(world.Op) world.Fault {
	return func(op world.Op) world.Fault {
		if op.Service+"."+op.Name == kind && op.At.Before(until) {
			return world.ServerError
		}
		return world.None
	}
}

// Counted is how often something happened.
func Counted(names ...string) func(*sim.Fleet) float64 {
	return func(f *sim.Fleet) (sum float64) {
		for _, name := range names {
			sum += float64(f.Count(name))
		}
		return sum
	}
}

// Price is what the run costs in us-east-1, in dollars, with invocations of 150 ms on 256 MB of arm64.
func Price(f *sim.Fleet) float64 {
	n := func(name string) float64 { return float64(f.Count(name)) }
	const million = 1e6
	return n("sqs.Messages")*3*0.40/million + // sent, received, deleted
		n("dynamodb.WriteUnits")*0.625/million + n("dynamodb.ReadUnits")*0.125/million +
		n("lambda.Invocations")*(0.20/million+0.25*0.150*0.0000133334)
}

// Day is a day.
const Day = 24 * time.Hour
