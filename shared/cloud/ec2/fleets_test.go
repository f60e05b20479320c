package ec2_test

import (
	"slices"
	"testing"

	"quickstep/shared/cloud/cloudtest"
	"quickstep/shared/cloud/ec2"
	"quickstep/shared/run"
)

func TestMaintainedReadsAllPagesAndLeavesOutWhatIsDeleted(t *testing.T) {
	fleet := func(id, state, kind string) string {
		return `<item><fleetId>` + id + `</fleetId><fleetState>` + state + `</fleetState><type>` +
			kind + `</type></item>`
	}
	w := cloudtest.Serve(t, func(c cloudtest.Call) cloudtest.Answer {
		if c.Form.Get("NextToken") == "" {
			return answer(c.Operation, `<fleetSet>`+fleet("fleet-3", "active",
				"maintain")+fleet("fleet-4", "deleted_running", "maintain")+
				fleet("fleet-5", "active", "request")+`</fleetSet><nextToken>two</nextToken>`)
		}
		return answer(c.Operation, `<fleetSet>`+fleet("fleet-1", "modifying",
			"maintain")+fleet("fleet-2", "deleted", "maintain")+`</fleetSet>`)
	})
	got, err := ec2.New(w.Config).Maintained(t.Context())
	if err != nil || !slices.Equal(got, []string{"fleet-1", "fleet-3"}) || len(w.Calls()) != 2 {
		t.Errorf("got %v, %v in %d calls", got, err, len(w.Calls()))
	}
	for name, value := range map[string]string{"Filter.1.Name": "type",
		"Filter.1.Value.1": "maintain", "MaxResults": "1000"} {
		if sent := w.Calls()[0].Form.Get(name); w.Calls()[0].Operation != "DescribeFleets" ||
			sent != value {
			t.Errorf("%s is %q, want %q", name, sent, value)
		}
	}
}

func TestAMachinesOperator(t *testing.T) {
	for operator, want := range map[string]string{
		"": "", `<operator><managed>false</managed></operator>`: "",
		`<operator><managed>true</managed><principal>eks.amazonaws.com</principal></operator>`: "eks.amazonaws.com",
		`<operator><managed>true</managed></operator>`:                                         "unknown",
	} {
		w := cloudtest.Serve(t, func(c cloudtest.Call) cloudtest.Answer {
			return answer(
				c.Operation,
				`<reservationSet><item><instancesSet><item><instanceId>i-1</instanceId>`+operator+`</item></instancesSet></item></reservationSet>`,
			)
		})
		got, err := ec2.New(w.Config).Machines(t.Context(), run.Selection{IDs: []string{"i-1"}})
		if err != nil || len(got) != 1 || got[0].Operator != want {
			t.Errorf("%s: %+v, %v", operator, got, err)
		}
	}
}
