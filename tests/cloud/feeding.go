package main

import (
	"context"
	"fmt"
	"path/filepath"

	"quickstep/tests/cloud/bootstrap"
	"quickstep/tests/cloud/stage"
)

// feed gives every event of events/, and bad ones, to its real binary, with the variables of the deployed function.
// Nothing exists yet of what the events speak of, and nobody has subscribed to the topics. The two surveys among
// them that begin all the same go on in the deployed functions, and are reported.
func feed(ctx context.Context, d *stage.Log, a *account, built string) {
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
			for name, value := range a.Variables() {
				variables = append(variables, name+"="+value)
			}
			return variables
		},
		Fed: func(_ string, n int) { functions, events = functions+1, events+n },
	}
	wrong := k.Feed(ctx)
	d.Judge(
		"stack",
		fmt.Sprintf(
			"%d binaries were fed with %d events over the Runtime API, good and bad: each answers as documented, none panics",
			functions,
			events,
		),
		wrong...)
}
