package sim_test

import (
	"flag"
	"fmt"
	"strings"
	"time"

	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// update writes golden files anew.
var update = flag.Bool("update", false, "write the traces of the stories anew")

func firstDifference(want, got string) string {
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

// cost is what a run needs an instance.
type cost struct {
	Name string
	Per  func(*sim.Fleet) float64
}

var costs = []cost{
	{"messages", counted("sqs.Messages")},
	{"deliveries", counted("sqs.Deliveries")},
	{"invocations", counted("lambda.Invocations")},
	{"ledger writes", counted("dynamodb.Write")},
	{"written items", counted("dynamodb.WrittenItems")},
	{"write units", counted("dynamodb.WriteUnits")},
	{"read units", counted("dynamodb.ReadUnits")},
	{"EC2 calls", counted("ec2")},
	{"target group calls", counted("elb")},
	{"SSM calls", counted("ssm")},
	{"dollars per 1,000", func(f *sim.Fleet) float64 { return 1000 * price(f) }},
}

// broken lets a call fail until a time.
func broken(kind string, until time.Time) func(world.Op) world.Fault {
	return func(op world.Op) world.Fault {
		if op.Service+"."+op.Name == kind && op.At.Before(until) {
			return world.ServerError
		}
		return world.None
	}
}

func counted(names ...string) func(*sim.Fleet) float64 {
	return func(f *sim.Fleet) (sum float64) {
		for _, name := range names {
			sum += float64(f.Count(name))
		}
		return sum
	}
}

// price is what the run costs in us-east-1, in dollars, with invocations of 150 ms on 256 MB of arm64.
func price(f *sim.Fleet) float64 {
	n := func(name string) float64 { return float64(f.Count(name)) }
	const million = 1e6
	return n("sqs.Messages")*3*0.40/million + // sent, received, deleted
		n("dynamodb.WriteUnits")*0.625/million + n("dynamodb.ReadUnits")*0.125/million +
		n("lambda.Invocations")*(0.20/million+0.25*0.150*0.0000133334)
}

const day = 24 * time.Hour
