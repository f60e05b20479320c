package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"quickstep/shared/sanitize"
)

// Execution is what Systems Manager says of one execution of a maintenance window.
type Execution struct {
	ID      string    `json:"id,omitempty"`
	Status  string    `json:"status"`            // as Systems Manager names it; NONE if there was none
	Details string    `json:"details,omitempty"` // in the words of Systems Manager
	Started time.Time `json:"started,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
	// Tasks are those that it began; one that the cutoff kept from beginning may not be there.
	Tasks []TaskExecution `json:"tasks,omitempty"`
}

// TaskExecution is what Systems Manager says of a task in an execution.
type TaskExecution struct {
	Document string `json:"document"` // its name, without version and ARN
	Status   string `json:"status"`
	Details  string `json:"details,omitempty"`
}

// Statuses of executions and of their tasks, as Systems Manager names them.
const (
	ExecutionPending    = "PENDING"
	ExecutionInProgress = "IN_PROGRESS"
	ExecutionSuccess    = "SUCCESS"
	ExecutionFailed     = "FAILED"
	ExecutionTimedOut   = "TIMED_OUT"
	ExecutionCancelling = "CANCELLING"
	ExecutionCancelled  = "CANCELLED"
	ExecutionSkipped    = "SKIPPED_OVERLAPPING"
	// ExecutionNone is ours: Systems Manager lists none.
	ExecutionNone = "NONE"
)

// early is how long before its opening an execution may have begun: openings are told to the minute.
const early = time.Minute

// Span is the time in which an execution of the opening can have begun.
func (o *Opening) Span() (from, to time.Time) {
	to = o.Closes
	if to.IsZero() {
		to = o.Opens.Add(time.Hour) // the shortest that a window is open
	}
	return o.Opens.Add(-early), to
}

// ExecutionOf is the execution of the opening among those that a window had: the first that began in
// its time. One of whose beginning nothing is said counts if there is no other.
func (o *Opening) ExecutionOf(all []Execution) Execution {
	from, to := o.Span()
	var found *Execution
	for _, e := range all {
		in := !e.Started.Before(from) && e.Started.Before(to)
		switch {
		case in && (found == nil || found.Started.IsZero() || e.Started.Before(found.Started)):
			found = &e
		case e.Started.IsZero() && found == nil:
			found = &e
		}
	}
	if found == nil {
		return Execution{Status: ExecutionNone}
	}
	return *found
}

// Cut is the execution fit for a ledger and for mails: what it names is from others.
func (e Execution) Cut() *Execution {
	const most = 20 // tasks that a window can have, and of each the details
	e.ID, e.Status = sanitize.Text(e.ID), sanitize.Text(e.Status)
	e.Details = sanitize.Text(e.Details)
	tasks := e.Tasks[:min(len(e.Tasks), most)]
	e.Tasks = nil
	for _, t := range tasks {
		t.Document, t.Status = sanitize.Text(t.Document), sanitize.Text(t.Status)
		t.Details = sanitize.Middle(sanitize.Text(t.Details), 300, "…")
		e.Tasks = append(e.Tasks, t)
	}
	return &e
}

// Finished says that the execution has done all that it does. What isn't known is taken for that.
func (e *Execution) Finished() bool {
	return e == nil || (over(e.Status) && e.Status != ExecutionSkipped)
}

// Running says that it may do more; of statuses that came later than this code too.
func (e *Execution) Running() bool {
	return e != nil && !over(e.Status) && e.Status != ExecutionNone
}

// RunningRemark is what readers of a second report should know of one that may do more.
func (e *Execution) RunningRemark() string {
	return fmt.Sprintf("the window's execution isn't over (%s): what it still installs is told as "+
		"missing here", e.Status)
}

// Brief is the execution's status in a subject: nothing if it succeeded, and so did its tasks.
func (e *Execution) Brief() string {
	switch {
	case e == nil:
		return ""
	case e.Status == ExecutionNone:
		return "no execution"
	case e.Status != ExecutionSuccess:
		return "execution " + e.Status
	}
	if t := e.worst(); t != nil {
		return "task " + t.Status
	}
	return ""
}

// Said is the execution's status in words.
func (e *Execution) Said() string {
	said := executionSaid(e.Status)
	if t := e.worst(); t != nil && e.Status == ExecutionSuccess {
		said = fmt.Sprintf("task %s %s", t.Document, statusSaid(t.Status))
	}
	return said
}

func executionSaid(status string) string {
	switch status {
	case ExecutionNone:
		return "Systems Manager lists no execution of the window at that time"
	case ExecutionSkipped:
		return "the execution was skipped, because the one before was still running"
	}
	return "the execution " + statusSaid(status)
}

func statusSaid(status string) string {
	switch status {
	case ExecutionPending, ExecutionInProgress:
		return "isn't over (" + status + ")"
	case ExecutionSuccess:
		return "succeeded"
	case ExecutionFailed:
		return "failed"
	case ExecutionTimedOut:
		return "timed out: the window's cutoff ended it"
	case ExecutionCancelling:
		return "is being canceled"
	case ExecutionCancelled:
		return "was canceled"
	case ExecutionSkipped:
		return "was skipped"
	}
	return "is " + status
}

// worst is the first task that didn't succeed, if there is one.
func (e *Execution) worst() *TaskExecution {
	for n := range e.Tasks {
		if e.Tasks[n].Status != ExecutionSuccess {
			return &e.Tasks[n]
		}
	}
	return nil
}

// Remarks are what readers should know of an execution in which no installation was seen.
func (e *Execution) Remarks(tasks []WindowTask) (all []string) {
	if e.Details != "" {
		all = append(all, "Systems Manager says of the execution: "+e.Details)
	}
	for _, t := range e.Tasks {
		if t.Status == ExecutionSuccess {
			continue
		}
		remark := fmt.Sprintf("task %s %s", t.Document, statusSaid(t.Status))
		if t.Details != "" && !strings.EqualFold(t.Details, t.Status) {
			remark += ": " + t.Details
		}
		all = append(all, remark)
	}
	if e.Status == ExecutionNone || e.Status == ExecutionSkipped || e.Running() {
		return all // it has begun nothing, or may yet
	}
	return append(all, e.unstarted(tasks)...)
}

// unstarted says which documents that install were begun less often than there are tasks of them: an
// error, or the cutoff, kept those from beginning.
func (e *Execution) unstarted(tasks []WindowTask) (all []string) {
	why := ""
	if e.Status != ExecutionFailed {
		why = ": the cutoff may have come first"
	}
	want, began := map[string]int{}, map[string]int{}
	for _, t := range e.Tasks {
		began[t.Document]++
	}
	for _, t := range tasks {
		if t.Does == DoesInstall {
			want[t.Document]++
		}
	}
	for _, document := range slices.Sorted(maps.Keys(want)) {
		if n := want[document]; began[document] < n {
			all = append(all, fmt.Sprintf("the execution began %d of %s of %s%s",
				began[document], Quantity(n, "task", "s"), document, why))
		}
	}
	return all
}
