package patch

import (
	"context"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/notify"
	"quickstep/shared/report"
	"quickstep/shared/run"
)

// Survey takes requests for reports, begins the reports, and finds out which instances they are
// about.
type Survey struct {
	choreo.Deps
	Windows interface {
		Windows(ctx context.Context) ([]report.Window, error)
		// Tasks are a window's. What they give their documents is read of those that read chooses.
		Tasks(
			ctx context.Context, window string, read func(document string) bool,
		) ([]report.Task, error)
		Targets(ctx context.Context, window string) ([]report.Registered, error)
	}
	Executions interface {
		// Executions are a window's that began from one time to another.
		Executions(ctx context.Context, window string, from, to time.Time) ([]report.Execution, error)
		ExecutionTasks(ctx context.Context, execution string) ([]report.TaskExecution, error)
	}
	Managed interface {
		Nodes
		States(ctx context.Context, ids []string) ([]report.State, error)
	}
	EC2    Nodes
	Groups interface {
		// Members are the ids of a resource group's instances. The error wraps ErrNoGroup.
		Members(ctx context.Context, group string, types []string) ([]string, error)
	}
	// Reboots are those that the runs have made: Systems Manager learns of them by the next scan.
	Reboots interface {
		Last(ctx context.Context, ids []string) (map[string]run.LastReboot, error)
	}
	AlarmTopic Topic
	Settings   report.Settings
}

// Nodes finds instances. Ids that aren't known are absent.
type Nodes interface {
	Nodes(ctx context.Context, s report.Selection) ([]report.Node, error)
}

// Reporter supervises a report's scans while they are under way, puts the report together and
// sends it.
type Reporter struct {
	choreo.Deps
	ReportTopic interface {
		Announce(ctx context.Context, a notify.Announcement) error
	}
	AlarmTopic Topic
	Baselines  interface {
		// Baselines are the names of all patch baselines, by their ids.
		Baselines(ctx context.Context) (map[string]string, error)
	}
	Bucket interface { // nil: there is none
		Put(ctx context.Context, key, contentType string, body []byte) error
		// Link is where a person finds the objects whose keys begin with prefix.
		Link(prefix string) string
	}
	BucketName, BucketPrefix string
	Stack                    string // the stack's name, for the command that starts a run
}

// Topic is where people are notified of what went wrong.
type Topic interface {
	Publish(ctx context.Context, subject, text string) error
}
