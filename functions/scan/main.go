// Command scan reads the patches of single instances, a page at a time.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"quickstep/shared/cloud/function"
	"quickstep/shared/cloud/ssm"
	"quickstep/shared/patch"
)

func main() {
	f := function.MustLoad()
	lambda.Start(patch.Scanner{Deps: f.Deps, Patches: ssm.New(f.AWS)}.Handler())
}
