package ssm_test

import (
	"maps"
	"testing"

	"quickstep/shared/cloud/cloudtest"
	"quickstep/shared/cloud/ssm"
)

func TestBaselinesReadsAllPages(t *testing.T) {
	w := cloudtest.Serve(t, inTurn(
		`"BaselineIdentities":[{"BaselineId":"pb-2","BaselineName":"web","OperatingSystem":"AMAZON_LINUX_2023","DefaultBaseline":true}]`,
		`"BaselineIdentities":[]`,
		`"BaselineIdentities":[{"BaselineId":"arn:aws:ssm:us-east-1:075727635805:patchbaseline/pb-1",
			"BaselineName":"AWS-DefaultPatchBaseline"},{"BaselineId":"pb-3"}]`,
	))
	got, err := ssm.New(w.Config).Baselines(t.Context())
	want := map[string]string{"pb-1": "AWS-DefaultPatchBaseline", "pb-2": "web", "pb-3": ""}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	const d = "DescribePatchBaselines"
	wants(t, w, d+" "+d+" "+d, map[string]any{"MaxResults": 100.0})
}
