package report

import (
	"errors"
	"time"
)

// Node is an instance that Systems Manager patches: one of EC2 (i-…), or a machine elsewhere
// (mi-…).
type Node struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"` // its tag Name, or the name it calls itself
	// Platform is the operating system, such as "Amazon Linux 2023"; empty if Systems Manager
	// doesn't know the node.
	Platform string `json:"platform,omitempty"`
	// Managed says that Systems Manager knows the node, Online that its agent answers.
	Managed bool `json:"managed"`
	Online  bool `json:"online"`
	// State is EC2's: running, stopped, terminated …; empty if EC2 doesn't know the node.
	State string `json:"state,omitempty"`
}

// Selection chooses nodes: those with one of the ids, or those whose tags fit all Targets
// (tag:<key>, tag-key). One of the two is empty.
type Selection struct {
	IDs  []string
	Tags []Target
}

// State is a node's patch state: what its last scan or installation has come to.
type State struct {
	ID            string    `json:"-"`
	Baseline      string    `json:"baseline"`
	BaselineName  string    `json:"baselineName,omitempty"`
	Group         string    `json:"group,omitempty"` // patch group
	Snapshot      string    `json:"snapshot,omitempty"`
	Operation     string    `json:"operation"` // Scan or Install
	Ended         time.Time `json:"ended"`     // of that operation: the state is as old as this
	Installed     int       `json:"installed"`
	Missing       int       `json:"missing"`
	Failed        int       `json:"failed"`
	PendingReboot int       `json:"pendingReboot"`
}

// Patch is one patch on one node.
type Patch struct {
	// KB is the operating system's own id: a KB number, or a package's name.
	KB             string    `json:"kb"`
	Title          string    `json:"title"`
	Classification string    `json:"classification,omitempty"`
	Severity       string    `json:"severity,omitempty"`
	State          string    `json:"state"` // Missing, Failed, InstalledPendingReboot …
	Installed      time.Time `json:"installed,omitzero"`
	CVEs           string    `json:"cves,omitempty"` // separated by commas
}

// key is what makes a patch the same on two instances.
func (p Patch) key() string { return p.KB + "\x00" + p.Title }

// States of a patch on a node, as Systems Manager names them.
const (
	Missing                = "Missing"
	Failed                 = "Failed"
	Installed              = "Installed"
	InstalledOther         = "InstalledOther"
	InstalledPendingReboot = "InstalledPendingReboot"
	InstalledRejected      = "InstalledRejected"
	NotApplicable          = "NotApplicable"
	AvailableSecurity      = "AvailableSecurityUpdate"
)

// Answers of AWS that the steps expect, and that adapters wrap; beside run.ErrUnmanaged.
var (
	ErrToken   = errors.New("the page token is no longer valid")
	ErrNoGroup = errors.New("the resource group doesn't exist")
)
