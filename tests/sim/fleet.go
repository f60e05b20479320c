package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"quickstep/shared/run"
	"quickstep/tests/template"
	"quickstep/tests/world"
)

// Began is when every simulation begins.
var Began = time.Date(2026, time.January, 5, 2, 0, 0, 0, time.UTC)

// VPC is the network of every fleet.
const VPC = "vpc-0123456789abcdef0"

// Fleet is a world with a fleet in it, and the rules that watch over it.
type Fleet struct {
	*world.World
	Stack *template.Stack
	Watch *Watch
	IDs   []string // of the instances
	ARNs  []string // of the target groups
}

// Stack loads the project's template, wherever the test runs, as it is deployed with the check function in a VPC and every
// alarm and rule open to muting. No survey runs by itself.
func Stack() (*template.Stack, error) {
	return StackWith(map[string]string{"PatchScheduleState": "DISABLED"})
}

// StackWith loads it with other parameters.
func StackWith(parameters map[string]string) (*template.Stack, error) {
	_, here, _, _ := runtime.Caller(0)
	all := map[string]string{"SubnetIds": "subnet-0123456789abcdef0", "SecurityGroupIds": "sg-0123456789abcdef0", "CheckFunctionName": "ready-*",
		"AlarmPrefix": "*", "RulePrefix": "*"}
	maps.Copy(all, parameters)
	return template.Load(filepath.Join(filepath.Dir(here), "..", "..", "template.yaml"), all)
}

// Group is the ARN of a target group by its name.
func Group(name string) string {
	return fmt.Sprintf("arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/%s/%016x", name, len(name))
}

// ID is the nth instance.
func ID(n int) string { return fmt.Sprintf("i-%017x", n) }

// New makes a fleet of size instances, each registered in target group web on port 8080 and in api on port 9090; both
// keep targets draining for two minutes.
func New(seed uint64, size int) (*Fleet, error) {
	stack, err := Stack()
	if err != nil {
		return nil, err
	}
	f := &Fleet{World: world.New(stack, world.Virtual(Began), seed), Stack: stack}
	Wire(f.World, stack, f.Probe())
	f.AddGroups("web", "api")
	for n := 1; n <= size; n++ {
		f.Add(world.MachineSpec{ID: ID(n)}, "web:8080", "api:9090")
	}
	f.Watch = watch(f)
	return f, nil
}

// AddGroups adds target groups with an HTTP health check on the traffic port.
func (f *Fleet) AddGroups(names ...string) {
	for _, name := range names {
		f.ARNs = append(f.ARNs, Group(name))
		f.AddGroup(world.GroupSpec{ARN: Group(name), Name: name, VPC: VPC, Delay: 2 * time.Minute, Interval: 10 * time.Second, HealthyThreshold: 2,
			Attached: true, Health: run.HealthCheck{Protocol: "HTTP", Port: "traffic-port", Path: "/health", Codes: "200"}})
	}
}

// Add adds an instance that may be rebooted and registers it, places being "group:port". One with an IPv6
// address has an IPv4 one only if the test gives it.
func (f *Fleet) Add(spec world.MachineSpec, places ...string) {
	n := len(f.IDs) + 1
	if spec.IP == "" && spec.IPv6 == "" {
		spec.IP = fmt.Sprintf("10.0.%d.%d", n/250, n%250+1)
	}
	spec.VPC = VPC
	if spec.Tags == nil {
		spec.Tags = map[string]string{}
	}
	spec.Tags["quickstep"], spec.Tags["Role"] = "allowed", "web"
	f.AddMachine(spec)
	f.IDs = append(f.IDs, spec.ID)
	for _, p := range places {
		var name string
		var port int
		for at := range p {
			if p[at] == ':' {
				name = p[:at]
				_, _ = fmt.Sscanf(p[at+1:], "%d", &port)
			}
		}
		f.Place(Group(name), spec.ID, port)
	}
}

// Ask sends a request to the start function; fields are laid over a request for the whole fleet.
func (f *Fleet) Ask(fields map[string]any) (answer map[string]any, err error) {
	request := map[string]any{"id": "run-1", "fleet": "web", "tags": map[string]string{"Role": "web"}}
	for name, value := range fields {
		if request[name] = value; value == nil {
			delete(request, name)
		}
	}
	return f.Call("start", request)
}

// Call invokes a function and waits for its answer.
func (f *Fleet) Call(function string, event any) (answer map[string]any, err error) {
	text, err := json.Marshal(event)
	if err != nil {
		return nil, err
	}
	out, err := f.Invoke(context.Background(), function, text)
	if err != nil {
		return nil, err
	}
	return answer, json.Unmarshal(out, &answer)
}

// Status is the run as control tells it.
func (f *Fleet) Status(id string) (s struct {
	Status                                string
	Total, Waiting, Done, Failed, Skipped int
	Stopped                               string
	Ended                                 time.Time
	InFlight                              []struct{ Instance, Step, Reason string }
	Failures                              []struct {
		Instance, Step, Reason string
		OutOfService           bool
	}
}, err error) {
	text, _ := json.Marshal(map[string]string{"command": "status", "run": id})
	out, err := f.Invoke(context.Background(), "control", text)
	if err != nil {
		return s, err
	}
	var reply struct{ Runs []json.RawMessage }
	if err := json.Unmarshal(out, &reply); err != nil {
		return s, err
	}
	return s, json.Unmarshal(reply.Runs[0], &s)
}

// held says whether the ledger's MUTE item is held for a run, or being restored.
func (f *Fleet) held(pk string) bool {
	doc, ok := f.Doc(pk, "MUTE")
	var muted struct {
		Runs      []string
		Restoring bool
	}
	return ok && (json.Unmarshal(doc.Body, &muted) != nil || len(muted.Runs) > 0 || muted.Restoring)
}

// Held says whether any EventBridge rule is held by the ledger.
func (f *Fleet) Held() bool {
	return slices.ContainsFunc(f.Partitions(), func(pk string) bool { return strings.HasPrefix(pk, "MUTE#") && f.held(pk) })
}

// Over says whether no run is under way any more.
func (f *Fleet) Over() bool { return len(f.Docs("ACTIVE")) == 0 }
