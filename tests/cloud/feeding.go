package main

import (
	"context"
	"fmt"
	"path/filepath"

	"quickstep/tests/cloud/bootstrap"
	"quickstep/tests/cloud/emulator"
)

// feed gives every event of events/, and bad ones, to its real binary, with the variables of the deployed function. Nothing
// exists yet of what the events speak of, and nobody has subscribed to the topics. The two surveys among them that begin all
// the same go on in the deployed functions, and are reported.
func feed(ctx context.Context, d *diary, a *account, built string) {
	events, functions := 0, 0
	k := bootstrap.Kitchen{
		Events: "events",
		Binary: func(function string) string {
			return filepath.Join(built, a.Template.Functions[function].LogicalID, "bootstrap")
		},
		Environment: func(function string) (variables []string) {
			for name, value := range a.Environment[function] {
				variables = append(variables, name+"="+value)
			}
			endpoint, other := *a.Config.BaseEndpoint, *a.standIn.BaseEndpoint
			return append(variables, "AWS_REGION="+emulator.Region, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_ENDPOINT_URL="+endpoint,
				"AWS_ENDPOINT_URL_EC2="+other, "AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2="+other, "AWS_ENDPOINT_URL_SSM="+other, "AWS_ENDPOINT_URL_CLOUDWATCH="+other)
		},
		Fed: func(_ string, n int) { functions, events = functions+1, events+n },
	}
	wrong := k.Feed(ctx)
	d.judge("stack", fmt.Sprintf("%d binaries were fed with %d events over the Runtime API, good and bad: each answers as documented, none panics", functions, events), wrong...)
}
