package ec2_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"quickstep/shared/cloud/cloudtest"
	"quickstep/shared/cloud/ec2"
	"quickstep/shared/report"
	"quickstep/shared/transient"
)

func TestNodesByTagReadsAllPages(t *testing.T) {
	w := cloudtest.Serve(t, func(c cloudtest.Call) cloudtest.Answer {
		switch c.Form.Get("NextToken") {
		case "":
			return answer(c.Operation, `<reservationSet><item><instancesSet>
				<item><instanceId>i-3</instanceId><instanceState><name>terminated</name></instanceState></item>
				<item><instanceId>i-2</instanceId><instanceState><name>stopped</name></instanceState>
					<tagSet><item><key>Name</key><value>web 2</value></item><item><key>Role</key><value>web</value></item></tagSet></item>
				</instancesSet></item></reservationSet><nextToken>two</nextToken>`)
		case "two":
			return answer(c.Operation, `<reservationSet/><nextToken>three</nextToken>`)
		}
		return answer(c.Operation, instances("i-1"))
	})
	got, err := ec2.New(w.Config).Nodes(t.Context(), report.Selection{Tags: []report.Target{
		{Key: "Tag:Role:x", Values: []string{"web", `a*b?c\d`}}, {Key: "TAG-KEY", Values: []string{"Owner*"}}}})
	want := []report.Node{
		{ID: "i-1", State: "running"},
		{ID: "i-2", Name: "web 2", State: "stopped"},
		{ID: "i-3", State: "terminated"},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
	if len(w.Calls()) != 3 {
		t.Errorf("%d calls", len(w.Calls()))
	}
	for name, value := range map[string]string{"MaxResults": "1000", "Filter.1.Name": "tag:Role:x", "Filter.1.Value.1": "web",
		"Filter.1.Value.2": `a\*b\?c\\d`, "Filter.2.Name": "tag-key", "Filter.2.Value.1": `Owner\*`, "Filter.3.Name": ""} {
		if sent := w.Calls()[0].Form.Get(name); sent != value {
			t.Errorf("%s is %q, want %q", name, sent, value)
		}
	}
}

func TestNodesByID(t *testing.T) {
	var asked, known []string
	for n := range 130 {
		asked = append(asked, fmt.Sprintf("i-%03d", n), fmt.Sprintf("mi-%03d", n))
		if n%2 == 0 {
			known = append(known, fmt.Sprintf("i-%03d", n))
		}
	}
	w := cloudtest.Serve(t, func(c cloudtest.Call) cloudtest.Answer {
		var found []string
		for n := 1; c.Form.Has(fmt.Sprintf("Filter.1.Value.%d", n)); n++ {
			if id := c.Form.Get(fmt.Sprintf("Filter.1.Value.%d", n)); slices.Contains(known, id) {
				found = append(found, id)
			}
		}
		return answer(c.Operation, instances(found...))
	})
	got, err := ec2.New(
		w.Config,
	).Nodes(
		t.Context(),
		report.Selection{IDs: slices.Concat(asked, []string{"i-0*", "i-00?", `i-\000`}, asked)},
	)
	var ids []string
	for _, n := range got {
		ids = append(ids, n.ID)
	}
	if err != nil || !slices.Equal(ids, known) {
		t.Errorf("got %v, %v", ids, err)
	}
	if len(w.Calls()) != 2 {
		t.Errorf("%d calls for 130 ids", len(w.Calls()))
	}
	for _, c := range w.Calls() {
		if c.Form.Get("Filter.1.Name") != "instance-id" || c.Form.Has("Filter.1.Value.101") ||
			c.Form.Get("Filter.1.Value.1")[:2] != "i-" {
			t.Errorf("sent %v", c.Form)
		}
	}
}

func TestMachinesElsewhereAreNotAskedFor(t *testing.T) {
	w := cloudtest.Serve(t, func(c cloudtest.Call) cloudtest.Answer { return answer(c.Operation, instances("i-1")) })
	if got, err := ec2.New(w.Config).Nodes(t.Context(), report.Selection{IDs: []string{"mi-1", "i-*"}}); len(got) > 0 ||
		err != nil ||
		len(w.Calls()) > 0 {
		t.Errorf("got %v, %v by %d calls", got, err, len(w.Calls()))
	}
}

func TestNodesOfASelectionThatChoosesNothingAreAnError(t *testing.T) {
	for name, s := range map[string]report.Selection{
		"nothing":             {},
		"a target of no tag":  {Tags: []report.Target{{Key: "resource-groups:Name", Values: []string{"web"}}}},
		"a tag without a key": {Tags: []report.Target{{Key: "tag:", Values: []string{"web"}}}},
		"a tag without value": {Tags: []report.Target{{Key: "tag:Role"}}},
	} {
		w := cloudtest.Serve(
			t,
			func(c cloudtest.Call) cloudtest.Answer { return answer(c.Operation, instances("i-1")) },
		)
		if got, err := ec2.New(w.Config).Nodes(t.Context(), s); err == nil || transient.Is(err) || len(w.Calls()) > 0 {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
}

func TestFailuresOfNodes(t *testing.T) {
	for name, s := range map[string]report.Selection{
		"by id": {IDs: []string{"i-1"}}, "by tag": {Tags: []report.Target{{Key: "tag:Role", Values: []string{"web"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			call := func(ctx context.Context, cfg aws.Config) error { _, err := ec2.New(cfg).Nodes(ctx, s); return err }
			cloudtest.Failures(t, cloudtest.EC2, call)
			cloudtest.Garbled(t, answer("DescribeInstances", instances("i-1")), call)
			n := 0
			w := cloudtest.Serve(t, func(c cloudtest.Call) cloudtest.Answer {
				if n++; n == 1 {
					return cloudtest.EC2("RequestLimitExceeded")
				}
				return answer(c.Operation, instances("i-1"))
			})
			if err := call(t.Context(), w.Config); err != nil || n != 2 {
				t.Errorf("after a throttle: %v, %d calls", err, n)
			}
		})
	}
}
