package template_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"quickstep/tests/template"
)

// everywhere are the actions that may be allowed on every resource, each with why.
var everywhere = map[string]string{
	"cloudwatch:DescribeAlarms":                          "composite alarms are only described to who may describe all",
	"ec2:DescribeFleets":                                 "AWS knows no resources for it",
	"ec2:DescribeInstances":                              "AWS knows no resources for it",
	"ec2:DescribeInstanceStatus":                         "AWS knows no resources for it",
	"elasticloadbalancing:DescribeTargetGroupAttributes": "AWS knows no resources for it",
	"elasticloadbalancing:DescribeTargetGroups":          "AWS knows no resources for it",
	"elasticloadbalancing:DescribeTargetHealth":          "AWS knows no resources for it",
	"events:ListRules":                                   "AWS knows no resources for it",
	"ssm:DescribeInstanceInformation":                    "AWS knows no resources for it",
	"ssm:DescribeMaintenanceWindowExecutionTasks":        "AWS knows no resources for it",
	"ssm:DescribeMaintenanceWindows":                     "AWS knows no resources for it",
	"ssm:DescribePatchBaselines":                         "AWS knows no resources for it",
	"ssm:GetCommandInvocation":                           "AWS knows no resources for it",
	"tag:GetResources":                                   "AWS knows no resources for it; Resource Groups uses it in the caller's name",

	"ec2:AssignPrivateIpAddresses":   "Lambda asks for all resources when it attaches a function to a VPC; the function itself is denied it",
	"ec2:CreateNetworkInterface":     "the same",
	"ec2:DeleteNetworkInterface":     "the same",
	"ec2:DescribeNetworkInterfaces":  "the same",
	"ec2:DescribeSubnets":            "the same",
	"ec2:UnassignPrivateIpAddresses": "the same",
}

// everything are parameters that turn every statement on.
var everything = map[string]string{
	"SubnetIds": "subnet-0a1b2c3d", "SecurityGroupIds": "sg-0a1b2c3d", "CheckFunctionName": "ready", "PatchReportBucket": "example-reports",
	"AlarmPrefix": "web-", "RulePrefix": "nightly-",
}

// allowed maps the actions that a role allows to their resources, sorted.
func allowed(role template.Role) map[string][]string {
	out := map[string][]string{}
	for _, s := range role.Statements {
		if s.Effect != "Allow" {
			continue
		}
		for _, action := range s.Actions {
			out[action] = append(out[action], s.Resources...)
			slices.Sort(out[action])
		}
	}
	return out
}

func roles(stack *template.Stack) map[string]template.Role {
	out := map[string]template.Role{}
	for name, f := range stack.Functions {
		out[name] = f.Role
	}
	for _, s := range stack.Schedules {
		out["schedule of "+s.Function] = s.Role
	}
	return out
}

func TestEveryRoleIsOneFunctionsOrOneSchedulesOwn(t *testing.T) {
	stack := load(t, nil)
	users := map[string][]string{}
	for name, role := range roles(stack) {
		users[role.LogicalID] = append(users[role.LogicalID], name)
		if len(role.Managed) > 0 {
			t.Errorf("%s: managed policies %v", name, role.Managed)
		}
		if !strings.HasPrefix(name, "schedule") && !slices.Equal(role.Principals, []string{"lambda.amazonaws.com"}) {
			t.Errorf("%s: assumed by %v", name, role.Principals)
		}
	}
	for id, res := range stack.Resources {
		if res.Type == "AWS::IAM::Role" && len(users[id]) != 1 {
			t.Errorf("%s is used by %v", id, users[id])
		}
		if res.Type == "AWS::IAM::Policy" || res.Type == "AWS::IAM::ManagedPolicy" {
			t.Errorf("%s: what a role may do is written in the role", id)
		}
	}
}

func TestNoRoleMayDoAnythingEverywhereWithoutAReason(t *testing.T) {
	unused := maps.Clone(everywhere)
	for name, role := range roles(load(t, everything)) {
		for _, s := range role.Statements {
			for _, action := range s.Actions {
				if strings.Contains(action, "*") {
					t.Errorf("%s: %s: action %s", name, s.Sid, action)
				}
				if s.Effect != "Allow" || !slices.Contains(s.Resources, "*") {
					continue
				}
				if everywhere[action] == "" {
					t.Errorf("%s: %s: %s on every resource", name, s.Sid, action)
				}
				delete(unused, action)
			}
		}
	}
	for action := range unused {
		t.Errorf("%s: excused, but no role allows it", action)
	}
}

func TestAFunctionSendsOnlyToItsEnvironmentsQueuesAndTopics(t *testing.T) {
	for name, f := range load(t, nil).Functions {
		var queues, topics []string
		for key, value := range f.Environment {
			if queue, ok := strings.CutPrefix(value, "queue:"); ok {
				queues = append(queues, "arn:"+value)
				if want := strings.ToUpper(queue) + "_QUEUE"; key != want {
					t.Errorf("%s: %s is %s", name, key, value)
				}
			}
			if topic, ok := strings.CutPrefix(value, "topic:"); ok {
				topics = append(topics, value)
				if want := strings.ToUpper(topic) + "_TOPIC"; key != want {
					t.Errorf("%s: %s is %s", name, key, value)
				}
			}
		}
		slices.Sort(queues)
		slices.Sort(topics)
		may := allowed(f.Role)
		if got := may["sqs:SendMessage"]; !slices.Equal(got, queues) {
			t.Errorf("%s: may send to %v, its environment names %v", name, got, queues)
		}
		if got := may["sns:Publish"]; !slices.Equal(got, topics) {
			t.Errorf("%s: may publish to %v, its environment names %v", name, got, topics)
		}
		if slices.Contains(queues, "arn:queue:last") {
			t.Errorf("%s: sends to the last queue, which SQS alone fills", name)
		}
	}
}

func TestAFunctionReceivesFromItsOwnQueueAlone(t *testing.T) {
	for name, f := range load(t, nil).Functions {
		var want []string
		if f.Source != nil {
			want = []string{"arn:queue:" + f.Source.Queue}
		}
		for _, action := range []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"} {
			if got := allowed(f.Role)[action]; !slices.Equal(got, want) {
				t.Errorf("%s: %s on %v, want %v", name, action, got, want)
			}
		}
	}
}

func TestAFunctionWritesToTheLedgerAndItsOwnLogGroup(t *testing.T) {
	for name, f := range load(t, nil).Functions {
		may := allowed(f.Role)
		for _, action := range []string{"GetItem", "BatchGetItem", "Query", "PutItem", "DeleteItem", "ConditionCheckItem"} {
			if got := may["dynamodb:"+action]; !slices.Equal(got, []string{"arn:table"}) {
				t.Errorf("%s: %s on %v", name, action, got)
			}
		}
		if may["dynamodb:Scan"] != nil || may["dynamodb:UpdateItem"] != nil {
			t.Errorf("%s: nothing here scans or updates", name)
		}
		for _, action := range []string{"logs:CreateLogStream", "logs:PutLogEvents"} {
			if got := may[action]; !slices.Equal(got, []string{"arn:log:" + name}) {
				t.Errorf("%s: %s on %v", name, action, got)
			}
		}
	}
}

// TestWhatRunsAndReportsMayTouch is who may change or read what, beyond the stack itself. Parameters narrow it.
func TestWhatRunsAndReportsMayTouch(t *testing.T) {
	const region = ":us-east-1:123456789012:"
	want := map[string]map[string][]string{
		"start": {
			"ssm:GetParameter": {"arn:aws:ssm" + region + "parameter/fleets/*"},
			"cloudwatch:PutAlarmMuteRule": {
				"arn:aws:cloudwatch" + region + "alarm-mute-rule:quickstep-*",
				"arn:aws:cloudwatch" + region + "alarm:web-*",
			},
			"events:DisableRule": {
				"arn:aws:events" + region + "rule/*/nightly-*",
				"arn:aws:events" + region + "rule/nightly-*",
			},
			"events:EnableRule": {"arn:aws:events" + region + "rule/*"},
		},
		"drain": {
			"elasticloadbalancing:DeregisterTargets": {"arn:aws:elasticloadbalancing" + region + "targetgroup/web*"},
		},
		"reboot": {"ec2:RebootInstances": {"arn:aws:ec2" + region + "instance/*"}},
		"check":  {"lambda:InvokeFunction": {"arn:aws:lambda" + region + "function:ready"}},
		"rejoin": {
			"elasticloadbalancing:RegisterTargets": {"arn:aws:elasticloadbalancing" + region + "targetgroup/web*"},
		},
		"finish": {"cloudwatch:DeleteAlarmMuteRule": {"arn:aws:cloudwatch" + region + "alarm-mute-rule:quickstep-*"}},
		"survey": {
			"cloudformation:DescribeStacks":      {"arn:aws:cloudformation" + region + "stack/*"},
			"cloudformation:ListStackResources":  {"arn:aws:cloudformation" + region + "stack/*"},
			"resource-groups:ListGroupResources": {"arn:aws:resource-groups" + region + "group/*"},
			"ssm:DescribeInstancePatchStates": {
				"arn:aws:ec2" + region + "instance/*",
				"arn:aws:ssm" + region + "managed-instance/*",
			},
			"ssm:DescribeMaintenanceWindowTargets": {"arn:aws:ssm" + region + "maintenancewindow/*"},
			"ssm:DescribeMaintenanceWindowTasks":   {"arn:aws:ssm" + region + "maintenancewindow/*"},
			"ssm:GetMaintenanceWindowTask":         {"arn:aws:ssm" + region + "maintenancewindow/*"},
		},
		"scan": {
			"ssm:DescribeInstancePatches": {
				"arn:aws:ec2" + region + "instance/*",
				"arn:aws:ssm" + region + "managed-instance/*",
			},
		},
		"report": {"s3:PutObject": {"arn:aws:s3:::example-reports/patches/*"}},
	}
	stack := load(t, map[string]string{
		"FleetPrefix": "/fleets", "AlarmPrefix": "web-", "RulePrefix": "nightly-", "TargetGroupPrefix": "web", "CheckFunctionName": "ready",
		"PatchReportBucket": "example-reports", "PatchReportPrefix": "patches/",
	})
	for name, actions := range want {
		for action, resources := range actions {
			if got := allowed(stack.Functions[name].Role)[action]; !slices.Equal(got, resources) {
				t.Errorf("%s: %s on %v, want %v", name, action, got, resources)
			}
			for other, f := range stack.Functions {
				if len(actions) == 1 && other != name && allowed(f.Role)[action] != nil {
					t.Errorf("%s: %s is the business of %s", other, action, name)
				}
			}
		}
	}
}

func TestInstancesAreTouchedOnlyWithTheTag(t *testing.T) {
	stack := load(t, map[string]string{"InstanceTagKey": "patch:group", "InstanceTagValue": "web servers"})
	keys := map[string]string{"ec2:RebootInstances": "aws:ResourceTag/", "ssm:SendCommand": "ssm:resourceTag/"}
	for name, role := range roles(stack) {
		for _, s := range role.Statements {
			onInstances := slices.ContainsFunc(
				s.Resources,
				func(r string) bool { return strings.HasSuffix(r, ":instance/*") || r == "*" },
			)
			for _, action := range s.Actions {
				if keys[action] == "" || !onInstances {
					continue
				}
				want, _ := json.Marshal(
					map[string]any{"StringEquals": map[string]any{keys[action] + "patch:group": "web servers"}},
				)
				if got, _ := json.Marshal(s.Condition); string(got) != string(want) {
					t.Errorf("%s: %s on condition %s, want %s", name, action, got, want)
				}
			}
		}
	}
}

func TestOurOwnAlarmsAreNeverMuted(t *testing.T) {
	for name, role := range roles(load(t, nil)) {
		if allowed(role)["cloudwatch:PutAlarmMuteRule"] == nil {
			continue
		}
		denied := slices.ContainsFunc(role.Statements, func(s template.Statement) bool {
			return s.Effect == "Deny" && slices.Contains(s.Actions, "cloudwatch:PutAlarmMuteRule") &&
				slices.Equal(s.Resources, []string{"arn:aws:cloudwatch:us-east-1:123456789012:alarm:quickstep-*"})
		})
		if !denied {
			t.Errorf("%s may mute them", name)
		}
	}
}
