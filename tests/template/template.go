// Package template reads template.yaml the way CloudFormation and SAM do, as far as this project uses them, into the words
// of this project: functions by folder, queues by step, what feeds what, and who may do what. tests/world is wired from
// it, and the tests beside it hold it against the folders, the events and one another.
//
// Nothing is guessed: an intrinsic function, a parameter or a name that it doesn't know is an error.
package template

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Stack is what a deployment of the template would create.
type Stack struct {
	Name      string               // the stack's name, AWS::StackName
	Functions map[string]Function  // by folder below functions/, such as "drain"
	Queues    map[string]Queue     // by logical id without "Queue", lower case, such as "drain", "dead", "last"
	Topics    map[string]Topic     // by logical id without "Topic", lower case: "alarm", "report"
	Schedules []Schedule           // sorted by function, then by name
	Alarms    []Alarm              // sorted by logical id
	Table     Table                // the ledger
	Resources map[string]Resource  // everything, resolved, by logical id
	Outputs   map[string]any       // resolved, by logical id
	Parameter map[string]Parameter // as declared, by name
}

// Function is one Lambda function.
type Function struct {
	Name          string            // the folder below functions/
	LogicalID     string            // such as "DrainFunction"
	FunctionName  string            // what it is called by, such as "quickstep-drain"
	Timeout       time.Duration     //
	Environment   map[string]string // a queue's URL reads "queue:drain", a topic's ARN "topic:alarm", the table's name "table"
	Source        *EventSource      // nil if no queue feeds it
	RecursiveLoop string            // "Allow", or empty: Lambda then breaks off chains of about 16 invocations
	Async         *Async            // nil: Lambda's defaults for asynchronous invocations, two retries and no destination
	Role          Role              //
	LogGroup      string            // the logical id of its log group
	VPC           bool              // it runs in the operator's VPC
	IPv6          bool              // and may send IPv6 there
}

// EventSource is the mapping that feeds a queue's messages to a function.
type EventSource struct {
	Queue           string // key of Stack.Queues
	BatchSize       int
	PartialFailures bool // ReportBatchItemFailures
}

// Async says what becomes of asynchronous invocations that fail.
type Async struct {
	Retries   int           // MaximumRetryAttempts
	MaxAge    time.Duration // zero: Lambda's default, six hours
	OnFailure string        // "topic:alarm", or empty
}

// Queue is one SQS queue.
type Queue struct {
	Name        string // key of Stack.Queues
	LogicalID   string
	Visibility  time.Duration
	Retention   time.Duration
	Dead        string // the queue to which it redrives, empty if it doesn't
	MaxReceives int    // receives before it does
	Encrypted   bool   // SSE-SQS
	QueueName   string // as deployed; empty: CloudFormation makes one up
	// Permits says who may redrive to it: "byQueue" those of Sources, by ARN; empty: every queue.
	Permits string
	Sources []string
}

// ARN is a queue's, if the template names it.
func (q Queue) ARN() string { return "arn:aws:sqs:us-east-1:123456789012:" + q.QueueName }

// Takes says whether SQS lets another queue name this one as its dead-letter queue.
func (q Queue) Takes(source Queue) bool {
	return q.Permits == "" || q.Permits == "byQueue" && source.QueueName != "" && slices.Contains(q.Sources, source.ARN())
}

// Topic is one SNS topic.
type Topic struct {
	Name      string // key of Stack.Topics
	LogicalID string
}

// Schedule is one EventBridge schedule that invokes a function.
type Schedule struct {
	Function   string // key of Stack.Functions
	Name       string // the event's name in the template
	Expression string // such as "rate(1 minute)"
	TimeZone   string
	Input      string // JSON, the whole event; Scheduler replaces <aws.scheduler.…> in it
	Enabled    bool
	Retries    int
	MaxAge     time.Duration // of an invocation that keeps failing
	Dead       string        // the queue for invocations that failed for good, empty if they are dropped
	OmitName   bool
	Role       Role
}

// Alarm is one CloudWatch metric alarm.
type Alarm struct {
	LogicalID   string
	Name        string
	Namespace   string
	Metric      string
	Dimensions  map[string]string // "QueueName": "queue:dead", "FunctionName": "quickstep-drain"
	MissingData string            // TreatMissingData
	Actions     []string          // AlarmActions, such as "topic:alarm"
}

// Table is the ledger's table.
type Table struct {
	LogicalID          string
	Partition, Sort    string // names of the key attributes
	TTL                string // name of the attribute, empty if off
	OnDemand           bool
	PointInTime        bool
	Encrypted          bool
	DeletionProtection bool
	Retained           bool // outlives the stack, and a replacement
}

// Role is an IAM role: who may assume it, and what it may do then.
type Role struct {
	LogicalID  string
	Principals []string // services
	Statements []Statement
	Managed    []string // ARNs of attached policies; none, if the project keeps its word
}

// Statement is one statement of a role's policies. ARNs of this stack's resources read "arn:queue:drain", "arn:table",
// "arn:function:drain", "arn:log:drain", "topic:alarm"; others are as deployed to account 123456789012 in us-east-1.
type Statement struct {
	Sid       string
	Effect    string
	Actions   []string
	Resources []string
	Condition map[string]any
}

// Permits says whether the role may do something to a resource, its ARN as Statement says: an Allow does, a Deny doesn't
// after all. Conditions aren't looked at.
func (r Role) Permits(action, resource string) bool {
	permitted := false
	for _, s := range r.Statements {
		if !slices.Contains(s.Actions, action) || !slices.ContainsFunc(s.Resources, func(p string) bool { return matches(p, resource) }) {
			continue
		}
		if s.Effect == "Deny" {
			return false
		}
		permitted = true
	}
	return permitted
}

// matches is IAM's: * stands for anything, slashes included, and ? for one character.
func matches(pattern, s string) bool {
	if pattern == "" || s == "" {
		return strings.Trim(pattern, "*") == "" && s == ""
	}
	switch pattern[0] {
	case '*':
		return matches(pattern[1:], s) || matches(pattern, s[1:])
	case '?', s[0]:
		return matches(pattern[1:], s[1:])
	}
	return false
}

// Parameter is one template parameter.
type Parameter struct {
	Type        string
	Default     *string // nil: it has to be given
	Description string
	Constraint  string // ConstraintDescription
	Pattern     string // AllowedPattern
	Values      []string
}

// Resource is any resource of the template, resolved.
type Resource struct {
	LogicalID  string
	Type       string
	Properties map[string]any
	Metadata   map[string]any
	Attributes map[string]any // DeletionPolicy and its like
}

// Load reads the template at path as a stack called "quickstep" with these parameters, and defaults for the others.
func Load(path string, params map[string]string) (*Stack, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(text, params)
}

// Parse is Load for a template in memory.
func Parse(text []byte, params map[string]string) (*Stack, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	r, err := newResolver(&doc, params)
	if err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	s, err := build(r)
	if err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	return s, nil
}
