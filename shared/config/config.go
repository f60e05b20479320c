// Package config reads a function's environment variables. template.yaml declares them, from documented parameters.
package config

import (
	"errors"
	"log/slog"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/caarlos0/env/v11"

	"quickstep/shared/sanitize"
)

// MustLoad fills structs whose fields name their variable in an `env` tag, and makes JSON the form of
// the log. All problems are in the one error with which it panics: without its variables a function
// can't do anything.
func MustLoad(variables ...any) {
	slog.SetDefault(slog.New(sanitize.Log(lambdacontext.NewLogHandler())))
	slog.SetLogLoggerLevel(slog.LevelError) // the runtime's own lines are errors
	var all []error
	for _, v := range variables {
		all = append(all, env.ParseWithOptions(v, env.Options{RequiredIfNoDef: true}))
	}
	if err := errors.Join(all...); err != nil {
		panic("environment: " + err.Error())
	}
}
