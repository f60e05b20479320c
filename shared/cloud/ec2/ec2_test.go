package ec2_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"quickstep/shared/cloud/cloudtest"
	"quickstep/shared/cloud/ec2"
	"quickstep/shared/run"
	"quickstep/shared/transient"
)

func answer(operation, result string) cloudtest.Answer {
	return cloudtest.Answer{Body: fmt.Sprintf(`<%[1]sResponse>%[2]s</%[1]sResponse>`, operation, result)}
}

func instances(ids ...string) string {
	var b strings.Builder
	for _, id := range ids {
		b.WriteString(`<item><instancesSet><item><instanceId>` + id +
			`</instanceId><instanceState><name>running</name></instanceState></item></instancesSet></item>`)
	}
	return `<reservationSet>` + b.String() + `</reservationSet>`
}

func TestMachinesByTagReadsAllPages(t *testing.T) {
	w := cloudtest.Serve(t, func(c cloudtest.Call) cloudtest.Answer {
		switch c.Form.Get("NextToken") {
		case "":
			return answer(c.Operation, `<reservationSet><item><instancesSet>
				<item><instanceId>i-2</instanceId><instanceState><code>16</code><name>running</name></instanceState>
					<privateIpAddress>10.0.0.2</privateIpAddress><vpcId>vpc-1</vpcId><platform>windows</platform>
					<tagSet><item><key>Name</key><value>web 2</value></item><item><key>tier</key><value/></item></tagSet></item>
				<item><instanceId>i-3</instanceId><instanceState><name>terminated</name></instanceState></item>
				</instancesSet></item></reservationSet><nextToken>two</nextToken>`)
		case "two":
			return answer(c.Operation, `<reservationSet/><nextToken>three</nextToken>`)
		}
		return answer(c.Operation, instances("i-1"))
	})
	got, err := ec2.New(
		w.Config,
	).Machines(
		t.Context(),
		run.Selection{Tags: map[string]string{"tier": "web*", "env": "prod"}},
	)
	want := []run.Machine{
		{ID: "i-1", State: "running"},
		{
			ID:        "i-2",
			State:     "running",
			VPC:       "vpc-1",
			PrivateIP: "10.0.0.2",
			Windows:   true,
			Tags:      map[string]string{"Name": "web 2", "tier": ""},
		},
		{ID: "i-3", State: "terminated"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
	if len(w.Calls()) != 3 {
		t.Errorf("%d calls", len(w.Calls()))
	}
	for name, value := range map[string]string{"MaxResults": "1000", "Filter.1.Name": "tag:env", "Filter.1.Value.1": "prod",
		"Filter.2.Name": "tag:tier", "Filter.2.Value.1": "web*"} {
		if sent := w.Calls()[0].Form.Get(name); sent != value {
			t.Errorf("%s is %q, want %q", name, sent, value)
		}
	}
}

func TestMachinesByID(t *testing.T) {
	var ids, everyOther []string
	for i := range 250 {
		ids = append(ids, fmt.Sprintf("i-%03d", i))
		if i%2 == 0 {
			everyOther = append(everyOther, ids[i])
		}
	}
	// Both filters of a request apply; the id's is the last, and every other instance is unknown.
	w := cloudtest.Serve(t, func(c cloudtest.Call) cloudtest.Answer {
		var found []string
		for n := 1; ; n++ {
			id := c.Form.Get(fmt.Sprintf("Filter.2.Value.%d", n))
			if id == "" {
				return answer(c.Operation, instances(found...))
			}
			if slices.Contains(everyOther, id) {
				found = append(found, id)
			}
		}
	})
	asked := slices.Concat(ids[100:], ids[:120])
	got, err := ec2.New(
		w.Config,
	).Machines(
		t.Context(),
		run.Selection{IDs: asked, Tags: map[string]string{"env": "prod"}},
	)
	if err != nil {
		t.Fatal(err)
	}
	var gotIDs []string
	for _, m := range got {
		gotIDs = append(gotIDs, m.ID)
	}
	if !slices.Equal(gotIDs, everyOther) {
		t.Errorf("got %v", gotIDs)
	}
	if len(w.Calls()) != 3 {
		t.Errorf("%d calls for 250 ids", len(w.Calls()))
	}
	for _, c := range w.Calls() {
		if c.Form.Get("Filter.1.Name") != "tag:env" || c.Form.Get("Filter.2.Name") != "instance-id" ||
			c.Form.Has("Filter.2.Value.101") {
			t.Errorf("sent %v", c.Form)
		}
	}
}

func TestMachinesTakesNoIDForAWildcard(t *testing.T) {
	w := cloudtest.Serve(
		t,
		func(c cloudtest.Call) cloudtest.Answer { return answer(c.Operation, instances("i-1", "i-2")) },
	)
	got, err := ec2.New(w.Config).Machines(t.Context(), run.Selection{IDs: []string{"i-*", "i-2"}})
	if err != nil || len(got) != 1 || got[0].ID != "i-2" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestMachinesOfAnEmptySelectionIsAnError(t *testing.T) {
	w := cloudtest.Serve(t, func(c cloudtest.Call) cloudtest.Answer { return answer(c.Operation, instances("i-1")) })
	if got, err := ec2.New(w.Config).Machines(t.Context(), run.Selection{}); err == nil || len(w.Calls()) != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestStatus(t *testing.T) {
	status := func(state, instance, system, more string) string {
		return fmt.Sprintf(
			`<instanceStatusSet><item><instanceId>i-1</instanceId><instanceState><name>%s</name></instanceState>
			<instanceStatus><status>%s</status></instanceStatus><systemStatus><status>%s</status></systemStatus>%s
			</item></instanceStatusSet>`,
			state,
			instance,
			system,
			more,
		)
	}
	for _, c := range []struct {
		name, answer string
		want         run.StatusChecks
	}{
		{"both checks pass", status("running", "ok", "ok", ""), run.StatusChecks{State: "running", Instance: "ok", System: "ok"}},
		{"booting", status("running", "initializing", "ok", ""), run.StatusChecks{State: "running", Instance: "initializing", System: "ok"}},
		{"stopped", status("stopped", "not-applicable", "not-applicable", ""),
			run.StatusChecks{State: "stopped", Instance: "not-applicable", System: "not-applicable"}},
		{"volumes and applications", status("running", "ok", "ok", `<attachedEbsStatus><status>impaired</status></attachedEbsStatus>
			<applicationStatus><status>insufficient-data</status></applicationStatus>`),
			run.StatusChecks{State: "running", Instance: "ok", System: "ok", EBS: "impaired", Application: "insufficient-data"}},
		{"there is no status yet", `<instanceStatusSet/>`, run.StatusChecks{State: "running"}},
		{"a check is missing", `<instanceStatusSet><item><instanceId>i-1</instanceId><instanceStatus><status>ok</status></instanceStatus></item></instanceStatusSet>`,
			run.StatusChecks{State: "running", Instance: "ok"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := cloudtest.Serve(
				t,
				func(call cloudtest.Call) cloudtest.Answer { return answer(call.Operation, c.answer) },
			)
			got, err := ec2.New(w.Config).Status(t.Context(), "i-1")
			if got != c.want || err != nil {
				t.Errorf("got %+v, %v", got, err)
			}
			if form := w.Calls()[0].Form; form.Get("InstanceId.1") != "i-1" ||
				form.Get("IncludeAllInstances") != "true" {
				t.Errorf("asked for %v", form)
			}
		})
	}
}

func TestReboot(t *testing.T) {
	broken, throttle := cloudtest.EC2("InternalError"), cloudtest.EC2("RequestLimitExceeded")
	broken.Status, throttle.Status = 500, 503
	for _, c := range []struct {
		name                    string
		answer                  cloudtest.Answer
		is                      error
		fails, passes, noEffect bool
	}{
		{"EC2 takes note", answer("RebootInstances", "<return>true</return>"), nil, false, false, false},
		{"a throttle had no effect", throttle, nil, true, true, true},
		{"a server error may have rebooted it", broken, nil, true, true, false},
		{"a lost reply may have rebooted it", cloudtest.Answer{Lost: true}, nil, true, true, false},
		{"there never was such an instance", cloudtest.EC2("InvalidInstanceID.NotFound"), run.ErrGone, true, false, false},
		{"the id is no id", cloudtest.EC2("InvalidInstanceID.Malformed"), run.ErrGone, true, false, false},
		{"the instance is stopped", cloudtest.EC2("IncorrectState"), run.ErrGone, true, false, false},
		{"the instance is terminated", cloudtest.EC2("IncorrectInstanceState"), run.ErrGone, true, false, false},
		{"the role may not", cloudtest.EC2("UnauthorizedOperation"), nil, true, false, false},
	} {
		t.Run(c.name+", in one attempt", func(t *testing.T) {
			w := cloudtest.Serve(t, func(cloudtest.Call) cloudtest.Answer { return c.answer })
			err := ec2.New(w.Config).Reboot(t.Context(), "i-1")
			if (err != nil) != c.fails || transient.Is(err) != c.passes || transient.IsNotApplied(err) != c.noEffect {
				t.Errorf("got %v", err)
			}
			if errors.Is(err, run.ErrGone) != (c.is != nil) {
				t.Errorf("gone? %v", err)
			}
			if calls := w.Calls(); len(calls) != 1 || calls[0].Form.Get("InstanceId.1") != "i-1" ||
				calls[0].Form.Has("InstanceId.2") {
				t.Errorf("called %v", calls)
			}
		})
	}
}

func TestStatusOfAnUnknownInstanceIsGone(t *testing.T) {
	w := cloudtest.Serve(
		t,
		func(cloudtest.Call) cloudtest.Answer { return cloudtest.EC2("InvalidInstanceID.NotFound") },
	)
	if _, err := ec2.New(w.Config).Status(t.Context(), "i-1"); !errors.Is(err, run.ErrGone) {
		t.Errorf("got %v", err)
	}
}

func TestFailures(t *testing.T) {
	for name, call := range map[string]func(context.Context, aws.Config) error{
		"Machines by id": func(ctx context.Context, cfg aws.Config) error {
			_, err := ec2.New(cfg).Machines(ctx, run.Selection{IDs: []string{"i-1"}})
			return err
		},
		"Machines by tag": func(ctx context.Context, cfg aws.Config) error {
			_, err := ec2.New(cfg).Machines(ctx, run.Selection{Tags: map[string]string{"env": "prod"}})
			return err
		},
		"Status": func(ctx context.Context, cfg aws.Config) error {
			_, err := ec2.New(cfg).Status(ctx, "i-1")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			cloudtest.Failures(t, cloudtest.EC2, call)
			cloudtest.Garbled(t, answer("DescribeInstances", instances("i-1")), call)
		})
	}
}
