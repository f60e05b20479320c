package patch

import (
	"strings"

	"quickstep/shared/notify"
)

// summary is what mails say of the report.
func (r *Report) summary() notify.Report {
	return notify.Report{
		ID: r.ID, Second: r.Phase == After, Window: r.Window.mailed(), Until: r.Until,
		Parts: r.Parts, Sent: r.Sent, InDoubt: r.InDoubt, Again: r.again(),
	}
}

// mailed is the window as mails tell of it.
func (o *Opening) mailed() *notify.Window {
	if o == nil {
		return nil
	}
	return &notify.Window{ID: o.ID, Name: o.Name, Zone: o.Zone, Opens: o.Opens}
}

// again is the request by which people get the report once more.
func (r *Report) again() notify.Survey {
	switch {
	case r.Window != nil:
		return notify.Survey{Windows: []string{r.Window.ID}}
	case len(r.Select.IDs) > 0:
		return notify.Survey{InstanceIDs: r.Select.IDs, States: r.States}
	}
	return notify.Survey{Tags: r.Select.tags(), States: r.States}
}

// tags are those of a selection by tags.
func (s Selection) tags() map[string]string {
	all := map[string]string{}
	for _, t := range s.Tags {
		all[strings.TrimPrefix(t.Key, "tag:")] = strings.Join(t.Values, ",")
	}
	return all
}

// gapsNote tells that a report has gaps.
func gapsNote(c *content) notify.Note {
	var gaps []notify.Gap
	for _, i := range c.instances {
		if i.Step == Unread {
			gaps = append(gaps, notify.Gap{Instance: i.ID, Name: i.Name, Reason: i.Position.Reason})
		}
	}
	return notify.ReportGaps(c.summary(), gaps, len(c.instances), c.Closed)
}

// subject is a part's.
func (p *part) subject() string {
	return notify.ReportSubject{
		Part: p.number, Parts: p.of, Full: p.verdicts[0], Brief: p.verdicts[1],
		Window: p.Window.mailed(), Second: p.Phase == After,
	}.String()
}
