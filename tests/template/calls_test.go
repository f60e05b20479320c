//go:build calls

package template_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// never are calls that are linked into a binary and never made, each with why.
var never = map[string]string{
	"dynamodb:DescribeEndpoints": "endpoint discovery, which is off unless somebody turns it on",
	"s3:CreateSession":           "for directory buckets; the adapter turns it off",
}

// others are actions that AWS asks for without a call of that name in our binaries, each with why.
var others = map[string]string{
	"logs:CreateLogStream":              "Lambda's log agent",
	"logs:PutLogEvents":                 "Lambda's log agent",
	"sqs:ReceiveMessage":                "Lambda's poller of the queue",
	"sqs:DeleteMessage":                 "Lambda's poller of the queue",
	"sqs:GetQueueAttributes":            "Lambda's poller of the queue",
	"dynamodb:ConditionCheckItem":       "TransactWriteItems is allowed by what it is made of",
	"cloudformation:DescribeStacks":     "ListGroupResources reads groups that are stacks, in the caller's name",
	"cloudformation:ListStackResources": "the same",
	"tag:GetResources":                  "ListGroupResources reads groups that are tags, in the caller's name",
	"ec2:AssignPrivateIpAddresses":      "Lambda attaches the function to a VPC",
	"ec2:CreateNetworkInterface":        "the same",
	"ec2:DeleteNetworkInterface":        "the same",
	"ec2:DescribeNetworkInterfaces":     "the same",
	"ec2:DescribeSubnets":               "the same",
	"ec2:UnassignPrivateIpAddresses":    "the same",
}

// services are IAM's names of the SDK's packages, where they differ.
var services = map[string]string{"elasticloadbalancingv2": "elasticloadbalancing", "eventbridge": "events", "resourcegroups": "resource-groups"}

// actions are IAM's names of calls, where they differ. A transaction is allowed by its parts.
var actions = map[string][]string{
	"sqs:SendMessageBatch":        {"sqs:SendMessage"},
	"lambda:Invoke":               {"lambda:InvokeFunction"},
	"dynamodb:TransactWriteItems": {"dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"},
}

var operation = regexp.MustCompile(`aws-sdk-go-v2/service/([a-z0-9]+)\.\(\*Client\)\.([A-Z][A-Za-z0-9]*)\n`)

// calls are the actions of all calls that are linked into a function's binary. The linker leaves out what can't be reached.
func calls(t *testing.T, binary string) map[string]bool {
	t.Helper()
	symbols, err := exec.CommandContext(t.Context(), "go", "tool", "nm", binary).Output()
	if err != nil {
		t.Fatalf("list the symbols of %s: %v", binary, err)
	}
	found := map[string]bool{}
	for _, m := range operation.FindAllStringSubmatch(string(symbols), -1) {
		service := m[1]
		if name, ok := services[service]; ok {
			service = name
		}
		call := service + ":" + m[2]
		if names, ok := actions[call]; ok {
			for _, name := range names {
				found[name] = true
			}
		} else {
			found[call] = true
		}
	}
	return found
}

// TestPermissionsAreCalls holds what each binary can call against what its role allows, both ways. It builds all of them, which
// takes too long for make test: make lint runs it.
func TestPermissionsAreCalls(t *testing.T) {
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-tags=lambda.norpc", "-o", dir+"/", "./functions/...")
	build.Dir = filepath.Join("..", "..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the functions: %v\n%s", err, out)
	}
	unused, idle := maps.Clone(never), maps.Clone(others)
	for name, f := range load(t, everything).Functions {
		may, can := allowed(f.Role), calls(t, filepath.Join(dir, name))
		if len(can) < 3 {
			t.Errorf("%s: only %v were found in its binary", name, can)
		}
		for call := range can {
			delete(unused, call)
			if may[call] == nil && never[call] == "" {
				t.Errorf("%s calls %s, and its role doesn't allow it", name, call)
			}
		}
		for action := range may {
			delete(idle, action)
			if !can[action] && others[action] == "" {
				t.Errorf("the role of %s allows %s, and it never calls that", name, action)
			}
		}
		t.Logf("%-8s %s", name, strings.Join(slices.Sorted(maps.Keys(can)), " "))
	}
	for what := range unused {
		t.Errorf("%s is excused, and no binary holds it", what)
	}
	for what := range idle {
		t.Errorf("%s is excused, and no role allows it", what)
	}
}
