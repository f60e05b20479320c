package ssm_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"quickstep/shared/cloud/cloudtest"
	"quickstep/shared/cloud/ssm"
	"quickstep/shared/report"
	"quickstep/shared/transient"
)

const information = "DescribeInstanceInformation"

// named are the ids that a request names.
func named(c cloudtest.Call) (ids []string) {
	filter := c.JSON()["Filters"].([]any)[0].(map[string]any)
	for _, id := range filter["Values"].([]any) {
		ids = append(ids, id.(string))
	}
	return ids
}

// knows answers for the ids that it knows; one that is bad spoils its request.
func knows(known []string, bad ...string) func(cloudtest.Call) cloudtest.Answer {
	return func(c cloudtest.Call) cloudtest.Answer {
		var found []string
		for _, id := range named(c) {
			switch {
			case slices.Contains(bad, id):
				return cloudtest.JSON("InvalidInstanceId")
			case strings.Contains(id, "*"):
				return cloudtest.JSON("InvalidInstanceInformationFilterValue")
			case slices.Contains(known, id):
				found = append(found, `{"InstanceId":"`+id+`","PingStatus":"Online"}`)
			}
		}
		return cloudtest.Answer{Body: `{"InstanceInformationList":[` + strings.Join(found, ",") + `]}`}
	}
}

func ids(nodes []report.Node) (all []string) {
	for _, n := range nodes {
		all = append(all, n.ID)
	}
	return all
}

func TestNodesByTagReadsAllPages(t *testing.T) {
	w := cloudtest.Serve(t, inTurn(
		`"InstanceInformationList":[{"InstanceId":"mi-2","PingStatus":"ConnectionLost","PlatformName":"Ubuntu","PlatformVersion":"24.04","ComputerName":"db.example.org"}]`,
		`"InstanceInformationList":[]`,
		`"InstanceInformationList":[{"InstanceId":"i-1","PingStatus":"Online","PlatformName":"Amazon Linux","ComputerName":"ip-10-0-0-1"},{"InstanceId":"i-0","PlatformVersion":"11"}]`,
	))
	got, err := ssm.New(w.Config).Nodes(t.Context(), report.Selection{Tags: []report.Target{
		{Key: "TAG:Role:x", Values: []string{"web", "d*"}}, {Key: "Tag-Key", Values: []string{"Owner"}}}})
	want := []report.Node{
		{ID: "i-0", Platform: "11", Managed: true},
		{ID: "i-1", Name: "ip-10-0-0-1", Platform: "Amazon Linux", Managed: true, Online: true},
		{ID: "mi-2", Name: "db.example.org", Platform: "Ubuntu 24.04", Managed: true},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
	wants(t, w, information+" "+information+" "+information, map[string]any{"MaxResults": 50.0, "Filters": []any{
		map[string]any{
			"Key":    "tag:Role:x",
			"Values": []any{"web", "d*"},
		}, map[string]any{"Key": "tag-key", "Values": []any{"Owner"}}}})
}

func TestNodesByID(t *testing.T) {
	var asked, known []string
	for n := range 120 {
		asked = append(asked, fmt.Sprintf("i-%03d", n))
		if n%3 == 0 {
			known = append(known, asked[n])
		}
	}
	w := cloudtest.Serve(t, knows(known))
	got, err := ssm.New(w.Config).Nodes(t.Context(), report.Selection{IDs: slices.Concat(asked[70:], asked[:90])})
	if err != nil || !slices.Equal(ids(got), known) {
		t.Errorf("got %v, %v", ids(got), err)
	}
	if calls := w.Calls(); len(calls) != 3 || !slices.Equal(named(calls[0]), asked[:50]) || len(named(calls[2])) != 20 {
		t.Errorf("%d calls: %s", len(calls), calls[0].Body)
	}
	first := w.Calls()[0].JSON()
	if filter := first["Filters"].([]any); len(filter) != 1 || filter[0].(map[string]any)["Key"] != "InstanceIds" ||
		first["MaxResults"] != 50.0 {
		t.Errorf("sent %v", first)
	}
}

func TestAnIDThatIsRefusedHidesNoOther(t *testing.T) {
	asked := []string{"i-1", "i-2", "i-3", "i-4", "i-5*", "mi-6", "mi-7"}
	w := cloudtest.Serve(t, knows([]string{"i-1", "i-2", "i-4", "mi-6"}, "i-3", "mi-7"))
	got, err := ssm.New(w.Config).Nodes(t.Context(), report.Selection{IDs: asked})
	if err != nil || !slices.Equal(ids(got), []string{"i-1", "i-2", "i-4", "mi-6"}) {
		t.Errorf("got %v, %v", ids(got), err)
	}
	if n := len(w.Calls()); n > 2*len(asked) {
		t.Errorf("%d calls for %d ids", n, len(asked))
	}
	if got, err = ssm.New(w.Config).Nodes(t.Context(), report.Selection{IDs: []string{"i-3"}}); len(got) > 0 ||
		err != nil {
		t.Errorf("alone: got %v, %v", got, err)
	}
}

func TestAFailureAmongTheHalvesIsNotAnAbsence(t *testing.T) {
	for _, spoilt := range []string{"i-1", "i-4"} { // of the first half, of the second
		answer := knows([]string{"i-1", "i-2", "i-4"}, "i-3")
		w := cloudtest.Serve(t, func(c cloudtest.Call) cloudtest.Answer {
			if len(named(c)) < 4 && slices.Contains(named(c), spoilt) {
				return cloudtest.JSON("ThrottlingException")
			}
			return answer(c)
		})
		if got, err := ssm.New(w.Config).Nodes(t.Context(), report.Selection{IDs: []string{"i-1", "i-2", "i-3", "i-4"}}); !transient.Is(
			err,
		) ||
			got != nil {
			t.Errorf("%s: got %v, %v", spoilt, got, err)
		}
	}
}

func TestSelectionsThatChooseNothing(t *testing.T) {
	for name, s := range map[string]report.Selection{
		"nothing":             {},
		"a target of no tag":  {Tags: []report.Target{{Key: "resource-groups:Name", Values: []string{"web"}}}},
		"ids as a target":     {Tags: []report.Target{{Key: "InstanceIds", Values: []string{"i-1"}}}},
		"a tag without a key": {Tags: []report.Target{{Key: "tag:", Values: []string{"web"}}}},
		"a tag without value": {Tags: []report.Target{{Key: "tag:Role"}}},
	} {
		w := cloudtest.Serve(t, say(`{"InstanceInformationList":[{"InstanceId":"i-1"}]}`))
		if got, err := ssm.New(w.Config).Nodes(t.Context(), s); err == nil || transient.Is(err) || len(w.Calls()) > 0 {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
}

func TestATagThatIsRefusedIsAnError(t *testing.T) {
	w := cloudtest.Serve(t, refuse("InvalidInstanceInformationFilterValue"))
	s := report.Selection{Tags: []report.Target{{Key: "tag:Role", Values: []string{"web"}}}}
	if got, err := ssm.New(w.Config).Nodes(t.Context(), s); err == nil || transient.Is(err) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestFailuresOfNodes(t *testing.T) {
	for name, s := range map[string]report.Selection{
		"by id": {IDs: []string{"i-1"}}, "by tag": {Tags: []report.Target{{Key: "tag:Role", Values: []string{"web"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			on := func(ctx context.Context, cfg aws.Config) error { _, err := ssm.New(cfg).Nodes(ctx, s); return err }
			whole := `{"InstanceInformationList":[{"InstanceId":"i-1","PingStatus":"Online"}]}`
			cloudtest.Failures(t, cloudtest.JSON, on)
			cloudtest.Garbled(t, cloudtest.Answer{Body: whole}, on)
			got, err := ssm.New(onceThrottled(t, whole).Config).Nodes(t.Context(), s)
			if want := []report.Node{{ID: "i-1", Managed: true, Online: true}}; err != nil ||
				!reflect.DeepEqual(got, want) {
				t.Errorf("after a throttle: %v, %v", got, err)
			}
		})
	}
}
