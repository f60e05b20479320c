package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"quickstep/tests/template"
)

// folder is where samconfig.toml looks for what is derived, from the root of the checkout.
const folder = ".aws-sam/local"

// derived is what sam local invoke is given: a template in which nothing is left to be resolved,
// with the functions alone; and the same variables once more, for SAM takes one that the caller's
// shell happens to have for the template's, unless --env-vars has it. A variable reaches a
// container only if the template declares it.
type derived struct{ template, variables []byte }

// function is a function in the derived template.
type function struct {
	Type       string         `yaml:"Type"`
	Properties map[string]any `yaml:"Properties"`
}

// kept are the properties that mean the same in a container.
var kept = []string{"FunctionName", "Description", "Runtime", "Handler", "MemorySize", "Timeout"}

// target is what a derived template is made for.
type target struct {
	about        string // what an invocation acts on
	built        string // the folder into which sam has built, seen from the derived template's own
	architecture string
}

// derive makes them of the project's template. environment are the variables of each function as
// deployed, common those that all get beside them.
func derive(t *template.Stack, to target, environment map[string]map[string]string, common map[string]string) (
	d derived, err error,
) {
	resources, variables := map[string]function{}, map[string]map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(t.Functions)) {
		f := t.Functions[name]
		all, err := variablesOf(f, environment[name], common)
		if err != nil {
			return d, err
		}
		properties, err := to.properties(f.LogicalID, t.Resources[f.LogicalID].Properties)
		if err != nil {
			return d, err
		}
		properties["Environment"] = map[string]any{"Variables": all}
		resources[f.LogicalID] = function{"AWS::Serverless::Function", properties}
		variables[f.LogicalID] = all
	}
	text, err := yaml.Marshal(map[string]any{
		"AWSTemplateFormatVersion": "2010-09-09",
		"Transform":                "AWS::Serverless-2016-10-31",
		"Description":              to.about,
		"Resources":                resources,
	})
	if err != nil {
		return d, err
	}
	d.template = append([]byte("# make local wrote this; it ends with it.\n"), text...)
	d.variables, err = json.MarshalIndent(variables, "", "  ")
	return d, err
}

// properties are those of a function in a container, by those that the project's template gives it.
func (to target) properties(id string, declared map[string]any) (map[string]any, error) {
	properties := map[string]any{
		"CodeUri":       filepath.Join(to.built, id),
		"Architectures": []string{to.architecture},
	}
	for _, name := range kept {
		if properties[name] = declared[name]; declared[name] == nil {
			return nil, fmt.Errorf("%s has no %s", id, name)
		}
	}
	if logging, ok := declared["LoggingConfig"].(map[string]any); ok {
		properties["LoggingConfig"] = map[string]any{
			"LogFormat":           logging["LogFormat"],
			"ApplicationLogLevel": logging["ApplicationLogLevel"],
		}
	}
	return properties, nil
}

// variablesOf are a function's variables: those that the template declares, as deployed, and the
// common ones.
func variablesOf(f template.Function, deployed, common map[string]string) (map[string]string, error) {
	all := maps.Clone(common)
	if all == nil {
		all = map[string]string{}
	}
	for _, name := range slices.Sorted(maps.Keys(f.Environment)) {
		value, ok := deployed[name]
		if !ok {
			return nil, fmt.Errorf("function %s is deployed without the variable %s, which the template "+
				"declares: deploy this template first", f.Name, name)
		}
		all[name] = value
	}
	return all, nil
}

// write puts both where samconfig.toml says. Whoever reads them sees the old or the new ones,
// whole.
func (d derived) write() error {
	files := map[string][]byte{"template.yaml": d.template, "variables.json": d.variables}
	for name, text := range files {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path+".new", text, 0o600); err != nil {
			return fmt.Errorf("write what is derived: %w", err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			return fmt.Errorf("write what is derived: %w", err)
		}
	}
	return nil
}

// invocation is the command that lets a function take an event.
func invocation(t *template.Stack, event string) []string {
	name, _, _ := strings.Cut(event, "-")
	return []string{
		"local",
		"invoke",
		t.Functions[name].LogicalID,
		"-e",
		"events/" + event + ".json",
		"--config-env",
		"local",
	}
}
