package template

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// pseudo are CloudFormation's pseudo parameters, as of a stack "quickstep" in the account of AWS's own examples.
var pseudo = map[string]string{
	"AWS::AccountId": "123456789012",
	"AWS::Partition": "aws",
	"AWS::Region":    "us-east-1",
	"AWS::StackId":   "arn:aws:cloudformation:us-east-1:123456789012:stack/quickstep/5b918d10-cd98-11f0-90d5-0a1b2c3d4e5f",
	"AWS::StackName": "quickstep",
	"AWS::URLSuffix": "amazonaws.com",
}

// nothing is what !Ref AWS::NoValue gives: the property or the element isn't there.
type nothing struct{}

// resolver turns nodes of the template into plain values.
type resolver struct {
	parameters map[string]Parameter
	given      map[string]any        // parameter → string, or []any for a list
	conditions map[string]*yaml.Node // unresolved
	resources  map[string]*yaml.Node
	order      []string // of the resources
	outputs    map[string]*yaml.Node
	globals    map[string]any
	open       map[string]bool // conditions being resolved, against cycles
}

func newResolver(doc *yaml.Node, params map[string]string) (*resolver, error) {
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("it isn't a YAML mapping")
	}
	r := &resolver{
		parameters: map[string]Parameter{},
		given:      map[string]any{},
		conditions: map[string]*yaml.Node{},
		resources:  map[string]*yaml.Node{},
		outputs:    map[string]*yaml.Node{},
		globals:    map[string]any{},
		open:       map[string]bool{},
	}
	sections := map[string]*yaml.Node{}
	for name, n := range pairs(doc.Content[0]) {
		switch name {
		case "AWSTemplateFormatVersion", "Description", "Metadata", "Transform", "Parameters", "Rules", "Conditions",
			"Globals", "Resources", "Outputs":
			sections[name] = n
		default:
			return nil, fmt.Errorf("line %d: section %s is not supported", n.Line, name)
		}
	}
	if err := r.readParameters(sections["Parameters"], params); err != nil {
		return nil, err
	}
	for name, n := range pairs(sections["Conditions"]) {
		r.conditions[name] = n
	}
	for name, n := range pairs(sections["Resources"]) {
		r.resources[name] = n
		r.order = append(r.order, name)
	}
	for name, n := range pairs(sections["Outputs"]) {
		r.outputs[name] = n
	}
	if g := sections["Globals"]; g != nil {
		v, err := r.value(g)
		if err != nil {
			return nil, fmt.Errorf("section Globals: %w", err)
		}
		r.globals, _ = v.(map[string]any)
	}
	return r, r.rules(sections["Rules"])
}

func (r *resolver) readParameters(section *yaml.Node, params map[string]string) error {
	for name, n := range pairs(section) {
		var p struct {
			Type                  string   `yaml:"Type"`
			Default               *string  `yaml:"Default"`
			Description           string   `yaml:"Description"`
			ConstraintDescription string   `yaml:"ConstraintDescription"`
			AllowedPattern        string   `yaml:"AllowedPattern"`
			AllowedValues         []string `yaml:"AllowedValues"`
		}
		if err := n.Decode(&p); err != nil {
			return fmt.Errorf("parameter %s: %w", name, err)
		}
		r.parameters[name] = Parameter{
			Type: p.Type, Default: p.Default, Description: p.Description,
			Constraint: p.ConstraintDescription, Pattern: p.AllowedPattern, Values: p.AllowedValues,
		}
		value, ok := params[name]
		switch {
		case ok:
		case p.Default != nil:
			value = *p.Default
		default:
			return fmt.Errorf("parameter %s has no default and isn't given", name)
		}
		if err := r.parameters[name].accepts(value); err != nil {
			return fmt.Errorf("parameter %s: %w", name, err)
		}
		r.given[name] = value
		if p.Type == "CommaDelimitedList" {
			var list []any
			for v := range strings.SplitSeq(value, ",") {
				list = append(list, strings.TrimSpace(v))
			}
			r.given[name] = list
		}
	}
	for name := range params {
		if _, ok := r.parameters[name]; !ok {
			return fmt.Errorf("there is no parameter %s", name)
		}
	}
	return nil
}

// accepts says what CloudFormation would say to a value, as far as patterns and lists of values go.
func (p Parameter) accepts(value string) error {
	if len(p.Values) > 0 && !slices.Contains(p.Values, value) {
		return fmt.Errorf("%q is none of %s", value, strings.Join(p.Values, ", "))
	}
	if p.Pattern == "" {
		return nil
	}
	whole, err := regexp.Compile(`\A(?:` + p.Pattern + `)\z`) // CloudFormation matches the whole value
	if err != nil {
		return err
	}
	values := []string{value}
	if p.Type == "CommaDelimitedList" { // each element is matched
		values = strings.Split(value, ",")
	}
	for _, v := range values {
		if !whole.MatchString(strings.TrimSpace(v)) {
			return fmt.Errorf("%q does not match %s: %s", v, p.Pattern, p.Constraint)
		}
	}
	return nil
}

// rules are the template's assertions about its parameters.
func (r *resolver) rules(section *yaml.Node) error {
	for name, n := range pairs(section) {
		var rule struct {
			RuleCondition yaml.Node `yaml:"RuleCondition"`
			Assertions    []struct {
				Assert            yaml.Node `yaml:"Assert"`
				AssertDescription string    `yaml:"AssertDescription"`
			} `yaml:"Assertions"`
		}
		if err := n.Decode(&rule); err != nil {
			return fmt.Errorf("rule %s: %w", name, err)
		}
		if rule.RuleCondition.Kind != 0 {
			if applies, err := r.truth(&rule.RuleCondition); err != nil {
				return fmt.Errorf("rule %s: %w", name, err)
			} else if !applies {
				continue
			}
		}
		for _, a := range rule.Assertions {
			ok, err := r.truth(&a.Assert)
			if err != nil {
				return fmt.Errorf("rule %s: %w", name, err)
			}
			if !ok {
				return fmt.Errorf("rule %s: %s", name, a.AssertDescription)
			}
		}
	}
	return nil
}

// value resolves a node: mappings to map[string]any, sequences to []any, scalars to string, int, float64, bool or nil.
func (r *resolver) value(n *yaml.Node) (any, error) {
	switch name, arg := intrinsic(n); {
	case name != "":
		v, err := r.call(name, arg)
		if err != nil {
			return nil, fmt.Errorf("line %d: %s: %w", n.Line, name, err)
		}
		return v, nil
	case n.Kind == yaml.AliasNode:
		return nil, fmt.Errorf("line %d: CloudFormation has no YAML aliases", n.Line)
	case n.Kind == yaml.MappingNode:
		out := map[string]any{}
		for key, child := range pairs(n) {
			v, err := r.value(child)
			if err != nil {
				return nil, err
			}
			if _, none := v.(nothing); !none {
				out[key] = v
			}
		}
		return out, nil
	case n.Kind == yaml.SequenceNode:
		out := []any{}
		for _, child := range n.Content {
			v, err := r.value(child)
			if err != nil {
				return nil, err
			}
			if _, none := v.(nothing); !none {
				out = append(out, v)
			}
		}
		return out, nil
	}
	var v any
	err := n.Decode(&v)
	return v, err
}

// intrinsic recognizes !Name arg, {Fn::Name: arg} and {Ref: arg}. A tag of YAML's own gives "".
func intrinsic(n *yaml.Node) (name string, arg *yaml.Node) {
	if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
		bare := *n
		bare.Tag = ""
		if bare.Kind == yaml.ScalarNode {
			bare.Tag = "!!str"
		}
		return n.Tag[1:], &bare
	}
	if n.Kind == yaml.MappingNode && len(n.Content) == 2 {
		switch key := n.Content[0].Value; {
		case key == "Ref":
			return key, n.Content[1]
		case strings.HasPrefix(key, "Fn::"):
			return strings.TrimPrefix(key, "Fn::"), n.Content[1]
		}
	}
	return "", nil
}

// call is every intrinsic function that the template may use outside of conditions.
func (r *resolver) call(name string, arg *yaml.Node) (any, error) {
	switch name {
	case "Ref":
		return r.ref(arg.Value)
	case "GetAtt":
		if arg.Kind == yaml.SequenceNode && len(arg.Content) == 2 {
			return r.attribute(arg.Content[0].Value, arg.Content[1].Value)
		}
		id, attribute, _ := strings.Cut(arg.Value, ".")
		return r.attribute(id, attribute)
	case "Sub":
		return r.substitute(arg)
	case "Join":
		return r.join(arg)
	case "Select":
		return r.selected(arg)
	case "Split":
		return r.split(arg)
	case "If":
		if arg.Kind != yaml.SequenceNode || len(arg.Content) != 3 {
			return nil, errors.New("needs a condition and two values")
		}
		holds, err := r.condition(arg.Content[0].Value)
		if err != nil {
			return nil, err
		}
		if holds {
			return r.value(arg.Content[1])
		}
		return r.value(arg.Content[2])
	}
	return nil, errors.New("this intrinsic function is not supported")
}

func (r *resolver) ref(name string) (any, error) {
	if name == "AWS::NoValue" {
		return nothing{}, nil
	}
	if v, ok := pseudo[name]; ok {
		return v, nil
	}
	if v, ok := r.given[name]; ok {
		return v, nil
	}
	kind, word, err := r.kind(name)
	if err != nil {
		return nil, err
	}
	switch kind {
	case "queue", "topic": // a queue's URL, a topic's ARN
		return kind + ":" + word, nil
	case "table":
		return "table", nil
	case "function", "log": // their names
		return r.called(name)
	}
	return nil, fmt.Errorf("what Ref gives for %s isn't known", name)
}

func (r *resolver) attribute(id, attribute string) (any, error) {
	kind, word, err := r.kind(id)
	if err != nil {
		return nil, err
	}
	switch {
	case attribute == "QueueName" && kind == "queue":
		return "queue:" + word, nil
	case attribute != "Arn" || kind == "topic":
		return nil, fmt.Errorf("attribute %s of %s isn't known", attribute, id)
	case kind == "table":
		return "arn:table", nil
	}
	return "arn:" + kind + ":" + word, nil
}

// kind is what a resource is to this project, and its name there.
func (r *resolver) kind(id string) (kind, word string, err error) {
	n, ok := r.resources[id]
	if !ok {
		return "", "", fmt.Errorf("there is no parameter or resource %s", id)
	}
	short := func(suffix string) string { return strings.ToLower(strings.TrimSuffix(id, suffix)) }
	switch t := child(n, "Type").Value; t {
	case "AWS::SQS::Queue":
		return "queue", short("Queue"), nil
	case "AWS::SNS::Topic":
		return "topic", short("Topic"), nil
	case "AWS::DynamoDB::Table":
		return "table", "table", nil
	case "AWS::Serverless::Function":
		return "function", short("Function"), nil
	case "AWS::Logs::LogGroup":
		return "log", short("LogGroup"), nil
	case "AWS::IAM::Role":
		return "role", id, nil
	default:
		return "", "", fmt.Errorf("references to %s (%s) are not supported", id, t)
	}
}

// called is the name that the template gives to a function or a log group.
func (r *resolver) called(id string) (any, error) {
	properties := child(r.resources[id], "Properties")
	for _, key := range []string{"FunctionName", "LogGroupName"} {
		if n := child(properties, key); n.Kind != 0 {
			return r.value(n)
		}
	}
	return nil, fmt.Errorf("%s has no name of its own, so that Ref isn't known", id)
}

var placeholder = regexp.MustCompile(`\$\{[^}]*\}`)

// substitute is Sub: a text, or a text and the values of names that it alone has.
func (r *resolver) substitute(arg *yaml.Node) (any, error) {
	switch {
	case arg.Kind == yaml.ScalarNode:
		return r.sub(arg.Value, nil)
	case arg.Kind != yaml.SequenceNode || len(arg.Content) != 2 || arg.Content[1].Kind != yaml.MappingNode:
		return nil, errors.New("needs a string, or a string and a mapping")
	}
	own, err := r.value(arg.Content[1])
	if err != nil {
		return nil, err
	}
	names, _ := own.(map[string]any)
	return r.sub(arg.Content[0].Value, names)
}

// selected is Select: one of a list, by its number from 0.
func (r *resolver) selected(arg *yaml.Node) (any, error) {
	if arg.Kind != yaml.SequenceNode || len(arg.Content) != 2 {
		return nil, errors.New("needs a number and a list")
	}
	v, err := r.value(arg.Content[1])
	if err != nil {
		return nil, err
	}
	list, _ := v.([]any)
	n, err := strconv.Atoi(arg.Content[0].Value)
	if err != nil || n < 0 || n >= len(list) {
		return nil, fmt.Errorf("there is no element %s among %d", arg.Content[0].Value, len(list))
	}
	return list[n], nil
}

// split is Split: a text as a list.
func (r *resolver) split(arg *yaml.Node) (any, error) {
	if arg.Kind != yaml.SequenceNode || len(arg.Content) != 2 || arg.Content[0].Value == "" {
		return nil, errors.New("needs a delimiter and a string")
	}
	v, err := r.value(arg.Content[1])
	if err != nil {
		return nil, err
	}
	text, ok := v.(string)
	if !ok {
		return nil, errors.New("needs a string")
	}
	var list []any
	for part := range strings.SplitSeq(text, arg.Content[0].Value) {
		list = append(list, part)
	}
	return list, nil
}

// sub replaces the names in a text: own ones, and those of the template.
func (r *resolver) sub(text string, own map[string]any) (any, error) {
	var failed error
	out := placeholder.ReplaceAllStringFunc(text, func(match string) string {
		name := strings.TrimSpace(match[2 : len(match)-1])
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			return "${" + literal + "}"
		}
		var v any
		var err error
		if id, attribute, dotted := strings.Cut(name, "."); own[name] != nil {
			v = own[name]
		} else if dotted {
			v, err = r.attribute(id, attribute)
		} else {
			v, err = r.ref(name)
		}
		s, ok := v.(string)
		if err == nil && !ok {
			err = fmt.Errorf("%s isn't a string", name)
		}
		failed = errors.Join(failed, err)
		return s
	})
	return out, failed
}

func (r *resolver) join(arg *yaml.Node) (any, error) {
	if arg.Kind != yaml.SequenceNode || len(arg.Content) != 2 {
		return nil, errors.New("needs a delimiter and a list")
	}
	v, err := r.value(arg.Content[1])
	if err != nil {
		return nil, err
	}
	list, ok := v.([]any)
	if !ok {
		return nil, errors.New("needs a list")
	}
	var parts []string
	for _, v := range list {
		parts = append(parts, fmt.Sprint(v))
	}
	return strings.Join(parts, arg.Content[0].Value), nil
}

// condition resolves a named condition.
func (r *resolver) condition(name string) (bool, error) {
	n, ok := r.conditions[name]
	if !ok {
		return false, fmt.Errorf("there is no condition %s", name)
	}
	if r.open[name] {
		return false, fmt.Errorf("condition %s depends on itself", name)
	}
	r.open[name] = true
	defer delete(r.open, name)
	return r.truth(n)
}

// truth is every intrinsic function that a condition may use.
func (r *resolver) truth(n *yaml.Node) (bool, error) {
	name, arg := intrinsic(n)
	if name == "" && n.Kind == yaml.MappingNode && len(n.Content) == 2 && n.Content[0].Value == "Condition" {
		name, arg = "Condition", n.Content[1]
	}
	switch name {
	case "Condition":
		return r.condition(arg.Value)
	case "Equals":
		if arg.Kind != yaml.SequenceNode || len(arg.Content) != 2 {
			return false, fmt.Errorf("line %d: Equals needs two values", n.Line)
		}
		a, err := r.value(arg.Content[0])
		if err != nil {
			return false, err
		}
		b, err := r.value(arg.Content[1])
		return fmt.Sprint(a) == fmt.Sprint(b), err
	case "EachMemberEquals": // of rules alone
		return r.eachMemberEquals(n, arg)
	case "Not", "And":
		for _, c := range arg.Content {
			ok, err := r.truth(c)
			switch {
			case err != nil:
				return false, err
			case name == "Not":
				return !ok, nil
			case !ok:
				return false, nil
			}
		}
		return true, nil
	}
	return false, fmt.Errorf("line %d: %q is not supported in a condition", n.Line, name)
}

func (r *resolver) eachMemberEquals(n, arg *yaml.Node) (bool, error) {
	if arg.Kind != yaml.SequenceNode || len(arg.Content) != 2 {
		return false, fmt.Errorf("line %d: EachMemberEquals needs a list and a value", n.Line)
	}
	v, err := r.value(arg.Content[0])
	if err != nil {
		return false, err
	}
	list, ok := v.([]any)
	if !ok {
		return false, fmt.Errorf("line %d: EachMemberEquals needs a list", n.Line)
	}
	want, err := r.value(arg.Content[1])
	return !slices.ContainsFunc(list, func(member any) bool { return fmt.Sprint(member) != fmt.Sprint(want) }), err
}

// pairs yields a mapping's keys and values in their order; nothing for a node that is none.
func pairs(n *yaml.Node) func(yield func(string, *yaml.Node) bool) {
	return func(yield func(string, *yaml.Node) bool) {
		if n == nil || n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i].Value, n.Content[i+1]) {
				return
			}
		}
	}
}

// child is a mapping's value, an empty node if there is none.
func child(n *yaml.Node, key string) *yaml.Node {
	for k, v := range pairs(n) {
		if k == key {
			return v
		}
	}
	return &yaml.Node{}
}

// merged lays what a function says over what Globals say, as SAM does: mappings are merged, everything else is replaced.
func merged(globals, own map[string]any) map[string]any {
	out := maps.Clone(globals)
	if out == nil {
		out = map[string]any{}
	}
	for key, v := range own {
		below, both := out[key].(map[string]any)
		above, ok := v.(map[string]any)
		if both && ok {
			v = merged(below, above)
		}
		out[key] = v
	}
	return out
}
