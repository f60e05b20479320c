package template

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// build reads every resource of the template, and gives those that the stack's words speak of their place.
func build(r *resolver) (*Stack, error) {
	s := &Stack{
		Name:      pseudo["AWS::StackName"],
		Functions: map[string]Function{},
		Queues:    map[string]Queue{},
		Topics:    map[string]Topic{},
		Resources: map[string]Resource{},
		Outputs:   map[string]any{},
		Parameter: r.parameters,
	}
	for _, id := range r.order {
		if err := s.add(r, id); err != nil {
			return nil, fmt.Errorf("%s: %w", id, err)
		}
	}
	for id, n := range r.outputs {
		v, err := r.value(n)
		if err != nil {
			return nil, fmt.Errorf("output %s: %w", id, err)
		}
		s.Outputs[id] = v
	}
	for _, id := range r.order { // functions and schedules speak of roles and queues that may come later
		if err := s.place(id); err != nil {
			return nil, fmt.Errorf("%s: %w", id, err)
		}
	}
	slices.SortFunc(s.Schedules, func(a, b Schedule) int {
		return cmp.Or(cmp.Compare(a.Function, b.Function), cmp.Compare(a.Name, b.Name))
	})
	slices.SortFunc(s.Alarms, func(a, b Alarm) int { return cmp.Compare(a.LogicalID, b.LogicalID) })
	return s, nil
}

// add resolves one resource; one whose condition doesn't hold isn't there.
func (s *Stack) add(r *resolver, id string) error {
	out := Resource{LogicalID: id, Properties: map[string]any{}, Metadata: map[string]any{}, Attributes: map[string]any{}}
	for key, n := range pairs(r.resources[id]) {
		if key == "Condition" {
			if holds, err := r.condition(n.Value); err != nil || !holds {
				return err
			}
			continue
		}
		v, err := r.value(n)
		if err != nil {
			return err
		}
		switch key {
		case "Type":
			out.Type, _ = v.(string)
		case "Properties":
			out.Properties, _ = v.(map[string]any)
		case "Metadata":
			out.Metadata, _ = v.(map[string]any)
		default:
			out.Attributes[key] = v
		}
	}
	if out.Type == "AWS::Serverless::Function" {
		globals, _ := r.globals["Function"].(map[string]any)
		out.Properties = merged(globals, out.Properties)
	}
	s.Resources[id] = out
	return nil
}

// place puts a resource into the stack's words.
func (s *Stack) place(id string) error {
	res, ok := s.Resources[id]
	if !ok {
		return nil
	}
	switch res.Type {
	case "AWS::Serverless::Function":
		return s.placeFunction(res)
	case "AWS::SQS::Queue":
		return s.placeQueue(res)
	case "AWS::SNS::Topic":
		name := strings.ToLower(strings.TrimSuffix(id, "Topic"))
		s.Topics[name] = Topic{Name: name, LogicalID: id}
	case "AWS::DynamoDB::Table":
		return s.placeTable(res)
	case "AWS::CloudWatch::Alarm":
		return s.placeAlarm(res)
	}
	return nil
}

func (s *Stack) placeFunction(res Resource) error {
	var p struct {
		FunctionName  string
		CodeURI       string `json:"CodeUri"`
		Timeout       number
		Environment   struct{ Variables map[string]string }
		RecursiveLoop string
		Role          string
		LoggingConfig struct{ LogGroup string }
		VpcConfig     map[string]any
		Events        map[string]struct {
			Type       string
			Properties json.RawMessage
		}
		EventInvokeConfig *struct {
			MaximumRetryAttempts     number
			MaximumEventAgeInSeconds number
			DestinationConfig        struct {
				OnFailure struct{ Type, Destination string }
			}
		}
	}
	if err := decode(res.Properties, &p); err != nil {
		return err
	}
	role, err := s.role(p.Role)
	if err != nil {
		return err
	}
	f := Function{
		Name:          path.Base(p.CodeURI),
		LogicalID:     res.LogicalID,
		FunctionName:  p.FunctionName,
		Timeout:       p.Timeout.seconds(),
		Environment:   p.Environment.Variables,
		RecursiveLoop: p.RecursiveLoop,
		Role:          role,
		LogGroup:      s.logGroup(p.LoggingConfig.LogGroup),
		VPC:           len(p.VpcConfig) > 0,
		IPv6:          p.VpcConfig["Ipv6AllowedForDualStack"] == true,
	}
	if c := p.EventInvokeConfig; c != nil {
		f.Async = &Async{
			Retries:   int(c.MaximumRetryAttempts),
			MaxAge:    c.MaximumEventAgeInSeconds.seconds(),
			OnFailure: c.DestinationConfig.OnFailure.Destination,
		}
	}
	for name, event := range p.Events {
		switch event.Type {
		case "SQS":
			if f.Source != nil {
				return fmt.Errorf("event %s: a function has one queue here", name)
			}
			if f.Source, err = s.source(event.Properties); err != nil {
				return fmt.Errorf("event %s: %w", name, err)
			}
		case "ScheduleV2":
			schedule, err := s.schedule(f.Name, name, event.Properties)
			if err != nil {
				return fmt.Errorf("event %s: %w", name, err)
			}
			s.Schedules = append(s.Schedules, schedule)
		default:
			return fmt.Errorf("event %s: type %s is not supported", name, event.Type)
		}
	}
	if _, twice := s.Functions[f.Name]; twice {
		return fmt.Errorf("folder %s has a function already", p.CodeURI)
	}
	s.Functions[f.Name] = f
	return nil
}

func (s *Stack) source(properties json.RawMessage) (*EventSource, error) {
	var p struct {
		Queue                 string
		BatchSize             number
		FunctionResponseTypes []string
		Enabled               *bool
	}
	if err := strict(properties, &p); err != nil {
		return nil, err
	}
	if p.Enabled != nil && !*p.Enabled {
		return nil, fmt.Errorf("a mapping that is off is not supported")
	}
	return &EventSource{
		Queue:           strings.TrimPrefix(p.Queue, "arn:queue:"),
		BatchSize:       int(p.BatchSize),
		PartialFailures: slices.Contains(p.FunctionResponseTypes, "ReportBatchItemFailures"),
	}, nil
}

func (s *Stack) schedule(function, name string, properties json.RawMessage) (Schedule, error) {
	var p struct {
		Description                string
		ScheduleExpression         string
		ScheduleExpressionTimezone string
		State                      string
		Input                      string
		OmitName                   bool
		RoleArn                    string
		RetryPolicy                struct{ MaximumRetryAttempts, MaximumEventAgeInSeconds *number }
		DeadLetterConfig           struct{ Arn string }
	}
	if err := strict(properties, &p); err != nil {
		return Schedule{}, err
	}
	role, err := s.role(p.RoleArn)
	if err != nil {
		return Schedule{}, err
	}
	if p.RetryPolicy.MaximumRetryAttempts == nil || p.RetryPolicy.MaximumEventAgeInSeconds == nil {
		return Schedule{}, fmt.Errorf("no RetryPolicy: the default is 185 retries in 24 hours")
	}
	return Schedule{
		Function:   function,
		Name:       name,
		Expression: p.ScheduleExpression,
		TimeZone:   p.ScheduleExpressionTimezone,
		Input:      p.Input,
		Enabled:    p.State != "DISABLED",
		Retries:    int(*p.RetryPolicy.MaximumRetryAttempts),
		MaxAge:     p.RetryPolicy.MaximumEventAgeInSeconds.seconds(),
		Dead:       strings.TrimPrefix(p.DeadLetterConfig.Arn, "arn:queue:"),
		OmitName:   p.OmitName,
		Role:       role,
	}, nil
}

func (s *Stack) placeQueue(res Resource) error {
	var p struct {
		QueueName              string
		VisibilityTimeout      number
		MessageRetentionPeriod number
		SqsManagedSseEnabled   bool
		RedrivePolicy          struct {
			DeadLetterTargetArn string `json:"deadLetterTargetArn"`
			MaxReceiveCount     number `json:"maxReceiveCount"`
		}
		RedriveAllowPolicy struct {
			RedrivePermission string   `json:"redrivePermission"`
			SourceQueueArns   []string `json:"sourceQueueArns"`
		}
	}
	p.VisibilityTimeout, p.MessageRetentionPeriod = 30, 4*24*60*60 // the defaults of SQS
	if err := strict(res.Properties, &p); err != nil {
		return err
	}
	q := Queue{
		Name:        strings.ToLower(strings.TrimSuffix(res.LogicalID, "Queue")),
		LogicalID:   res.LogicalID,
		Visibility:  p.VisibilityTimeout.seconds(),
		Retention:   p.MessageRetentionPeriod.seconds(),
		Dead:        strings.TrimPrefix(p.RedrivePolicy.DeadLetterTargetArn, "arn:queue:"),
		MaxReceives: int(p.RedrivePolicy.MaxReceiveCount),
		Encrypted:   p.SqsManagedSseEnabled,
		QueueName:   p.QueueName,
		Permits:     p.RedriveAllowPolicy.RedrivePermission,
		Sources:     p.RedriveAllowPolicy.SourceQueueArns,
	}
	s.Queues[q.Name] = q
	return nil
}

func (s *Stack) placeTable(res Resource) error {
	var p struct {
		BillingMode                      string
		KeySchema                        []struct{ AttributeName, KeyType string }
		TimeToLiveSpecification          struct{ AttributeName string }
		PointInTimeRecoverySpecification struct{ PointInTimeRecoveryEnabled bool }
		SSESpecification                 struct{ SSEEnabled bool }
		DeletionProtectionEnabled        bool
	}
	if err := decode(res.Properties, &p); err != nil {
		return err
	}
	if s.Table.LogicalID != "" {
		return fmt.Errorf("%s is the table already", s.Table.LogicalID)
	}
	s.Table = Table{
		LogicalID:          res.LogicalID,
		TTL:                p.TimeToLiveSpecification.AttributeName,
		OnDemand:           p.BillingMode == "PAY_PER_REQUEST",
		PointInTime:        p.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled,
		Encrypted:          p.SSESpecification.SSEEnabled,
		DeletionProtection: p.DeletionProtectionEnabled,
		Retained:           res.Attributes["DeletionPolicy"] == "Retain" && res.Attributes["UpdateReplacePolicy"] == "Retain",
	}
	for _, key := range p.KeySchema {
		switch key.KeyType {
		case "HASH":
			s.Table.Partition = key.AttributeName
		case "RANGE":
			s.Table.Sort = key.AttributeName
		}
	}
	return nil
}

func (s *Stack) placeAlarm(res Resource) error {
	var p struct {
		AlarmName        string
		Namespace        string
		MetricName       string
		Dimensions       []struct{ Name, Value string }
		TreatMissingData string
		AlarmActions     []string
	}
	if err := decode(res.Properties, &p); err != nil {
		return err
	}
	a := Alarm{
		LogicalID: res.LogicalID, Name: p.AlarmName, Namespace: p.Namespace, Metric: p.MetricName,
		Dimensions: map[string]string{}, MissingData: p.TreatMissingData, Actions: p.AlarmActions,
	}
	for _, d := range p.Dimensions {
		a.Dimensions[d.Name] = d.Value
	}
	s.Alarms = append(s.Alarms, a)
	return nil
}

// role reads the role behind "arn:role:<logical id>".
func (s *Stack) role(arn string) (Role, error) {
	id, ok := strings.CutPrefix(arn, "arn:role:")
	res, found := s.Resources[id]
	if !ok || !found {
		return Role{}, fmt.Errorf("%q isn't a role of this template", arn)
	}
	var p struct {
		AssumeRolePolicyDocument document
		ManagedPolicyArns        []string
		Policies                 []struct{ PolicyDocument document }
	}
	if err := decode(res.Properties, &p); err != nil {
		return Role{}, fmt.Errorf("%s: %w", id, err)
	}
	role := Role{LogicalID: id, Managed: p.ManagedPolicyArns}
	for _, st := range p.AssumeRolePolicyDocument.Statement {
		role.Principals = append(role.Principals, st.Principal.Service...)
	}
	for _, policy := range p.Policies {
		for _, st := range policy.PolicyDocument.Statement {
			role.Statements = append(role.Statements, Statement{
				Sid: st.Sid, Effect: st.Effect, Actions: st.Action, Resources: st.Resource, Condition: st.Condition,
			})
		}
	}
	return role, nil
}

// logGroup is the logical id of the log group with this name.
func (s *Stack) logGroup(name string) string {
	for id, res := range s.Resources {
		if res.Type == "AWS::Logs::LogGroup" && res.Properties["LogGroupName"] == name {
			return id
		}
	}
	return ""
}

// document is an IAM policy: an object, or a string that holds one, which CloudFormation takes as well.
type document struct {
	Version   string
	Statement []struct {
		Sid       string
		Effect    string
		Principal struct{ Service texts }
		Action    texts
		Resource  texts
		Condition map[string]any
	}
}

func (d *document) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) == nil {
		b = []byte(text)
	}
	type plain document
	if err := strict(json.RawMessage(b), (*plain)(d)); err != nil {
		return fmt.Errorf("policy: %w", err)
	}
	if d.Version != "2012-10-17" {
		return fmt.Errorf("policy: Version is %q, not 2012-10-17", d.Version)
	}
	return nil
}

// texts is a string or a list of them.
type texts []string

func (t *texts) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*t = texts{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(t))
}

// number is a whole number, which a parameter gives as a string.
type number int

func (n *number) UnmarshalJSON(b []byte) error {
	v, err := strconv.Atoi(strings.Trim(string(b), `"`))
	*n = number(v)
	return err
}

func (n number) seconds() time.Duration { return time.Duration(n) * time.Second }

// decode reads a resolved value into a struct, by way of JSON; fields that the struct doesn't have are left out.
func decode(v, into any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, into)
}

// strict is decode where a field that the struct doesn't have could change what messages do.
func strict(v, into any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.DisallowUnknownFields()
	return d.Decode(into)
}
