package run

import "fmt"

// Finding is what one look at an instance has found.
type Finding struct {
	OK bool
	// Down says that the look shows the instance down. One that doesn't pass needn't be: a server that
	// answers with an error is up, and a status check without data says nothing.
	Down bool
	Why  string // why it isn't OK, for people
}

// StatusChecks are the results of EC2's status checks of one instance, as DescribeInstanceStatus
// gives them; a check that it doesn't mention is empty.
type StatusChecks struct {
	State       string // of the instance: running, stopped, …
	System      string // of the host beneath it
	Instance    string // whether the operating system answers
	EBS         string // whether its volumes can be reached
	Application string // of the user's own application status checks
}

// Results of a status check (SummaryStatus; "suppressed" is one of ApplicationStatusEnum alone).
const (
	statusOK            = "ok"
	statusImpaired      = "impaired"
	statusInitializing  = "initializing"
	statusNoData        = "insufficient-data"
	statusNotApplicable = "not-applicable"
	statusSuppressed    = "suppressed"
)

// sign is what a result of a status check is evidence of.
type sign int

const (
	neither sign = iota // it doesn't pass, and doesn't show the instance down
	up                  // it passes
	down                // it doesn't pass, and shows the instance down
)

// signs are all results of all status checks. An impaired host or volume is no evidence that the
// instance has gone down: it is a fault of what lies beneath. A check of volumes or applications
// that an instance doesn't have doesn't count.
var signs = map[string]map[string]sign{
	"system": {
		statusOK: up, statusImpaired: neither, statusInitializing: neither, statusNoData: neither,
		statusNotApplicable: neither, "": neither,
	},
	"instance": {
		statusOK: up, statusImpaired: down, statusInitializing: neither, statusNoData: neither,
		statusNotApplicable: neither, "": neither,
	},
	"attached EBS": {
		statusOK: up, statusImpaired: neither, statusInitializing: neither, statusNoData: neither,
		statusNotApplicable: up, "": up,
	},
	"application": {
		statusOK: up, statusImpaired: down, statusInitializing: neither, statusNoData: neither,
		statusNotApplicable: up, statusSuppressed: up, "": up,
	},
}

// Finding is what the status checks say together: all must pass that apply. A result that this code
// doesn't know doesn't pass, and shows nothing.
func (s StatusChecks) Finding() Finding {
	if s.State != "running" {
		return Finding{Why: "the instance is " + orNone(s.State)}
	}

	f := Finding{OK: true}
	for _, check := range []struct{ name, result string }{
		{"instance", s.Instance}, {"system", s.System}, {"attached EBS", s.EBS}, {"application", s.Application},
	} {
		found := signs[check.name][check.result]
		f.Down = f.Down || found == down
		if found != up && f.OK {
			f.OK, f.Why = false, fmt.Sprintf("%s status %s", check.name, orNone(check.result))
		}
	}
	return f
}

func orNone(result string) string {
	if result == "" {
		return "not known yet"
	}
	return result
}
