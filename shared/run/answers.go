package run

import (
	"errors"
	"time"
)

// Answers of AWS that the steps expect, and that adapters wrap.
var (
	ErrGone        = errors.New("the instance is gone or in no state for this") // terminated, or never was
	ErrNoGroup     = errors.New("the target group doesn't exist")               // deleted since it was listed
	ErrNoParameter = errors.New("the SSM parameter doesn't exist")              //
	ErrSealed      = errors.New("the SSM parameter can't be " +
		"decrypted") // a SecureString, and KMS refuses its key
	ErrNoRule    = errors.New("the EventBridge rule doesn't exist")
	ErrNotOurs   = errors.New("the EventBridge rule can't be disabled and put back as it was")
	ErrUnmanaged = errors.New("the instance isn't managed by Systems Manager") // no agent, or it is offline
)

// Selection chooses instances; what is given narrows one another. At least one of the two isn't
// empty.
type Selection struct {
	IDs  []string
	Tags map[string]string // values may hold the wildcards of EC2's filters, * and ?
}

// HTTPProbe is one HTTP request that tells whether an application has started.
type HTTPProbe struct {
	URL     string
	Codes   string        // "200", "200,302", "200-299": the form of a target group's matcher
	Text    string        // must be in the body's first MiB; empty: any body
	Timeout time.Duration // for the whole request
}
