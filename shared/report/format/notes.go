package format

import (
	"strings"

	"quickstep/shared/notify"
	"quickstep/shared/report"
)

// Summary is what mails say of a report.
func Summary(r *report.Report) notify.Report {
	return notify.Report{
		ID: r.ID, Second: r.Phase == report.After, Window: mailWindow(r.Window), Until: r.Until,
		Parts: r.Parts, Sent: r.Sent, InDoubt: r.InDoubt, Again: requestAgain(r),
	}
}

// mailWindow is the window as mails tell of it.
func mailWindow(o *report.Opening) *notify.Window {
	if o == nil {
		return nil
	}
	return &notify.Window{ID: o.ID, Name: o.Name, Zone: o.Zone, Opens: o.Opens}
}

// requestAgain is the request by which people get a report once more.
func requestAgain(r *report.Report) notify.Survey {
	switch {
	case r.Phase == report.After && r.First != "":
		return notify.Survey{First: r.First}
	case r.Window != nil:
		return notify.Survey{Windows: []string{r.Window.ID}}
	case len(r.Select.IDs) > 0:
		return notify.Survey{InstanceIDs: r.Select.IDs, States: r.States}
	}
	tags := map[string]string{}
	for _, t := range r.Select.Tags {
		tags[strings.TrimPrefix(t.Key, "tag:")] = strings.Join(t.Values, ",")
	}
	return notify.Survey{Tags: tags, States: r.States}
}

// gapsNote tells that a report has gaps.
func gapsNote(c *report.Content) notify.Note {
	var gaps []notify.Gap
	for _, i := range c.Instances {
		if i.Step == report.Unread {
			gaps = append(gaps, notify.Gap{Instance: i.ID, Name: i.Name, Reason: i.Position.Reason})
		}
	}
	return notify.ReportGaps(Summary(c.Report), gaps, len(c.Instances), c.Report.Closed)
}
