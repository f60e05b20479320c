package patch_test

import (
	"strings"
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/tests/sim"
	"quickstep/tests/world"
)

func moment(t *testing.T, text string) time.Time {
	t.Helper()
	when, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

// sleep lets the world go on to a time, months away perhaps, without anybody looking for windows meanwhile.
func sleep(f *sim.Fleet, until time.Time) {
	for _, name := range []string{"survey", "watchdog"} {
		f.Handle(name, nil)
	}
	f.Advance(until.Sub(f.Now()))
	sim.Wire(f.World, f.Stack, f.Probe())
}

// The opening in the text is what the clock on the wall will show, and UTC; around the changes of the clocks too.
func TestTheTextTellsTheOpeningInTheWindowsTimeZoneAndInUTC(t *testing.T) {
	for _, c := range []struct{ name, zone, opens, want string }{
		{"winter in Berlin", "Europe/Berlin", "2026-02-01T01:30:00Z", "2026-02-01T02:30:00+01:00 Europe/Berlin = 2026-02-01T01:30:00Z"},
		{"summer in Berlin", "Europe/Berlin", "2026-07-05T00:30:00Z", "2026-07-05T02:30:00+02:00 Europe/Berlin = 2026-07-05T00:30:00Z"},
		{"the half past two that Berlin doesn't have", "Europe/Berlin", "2026-03-29T01:30:00Z", "2026-03-29T03:30:00+02:00 Europe/Berlin = 2026-03-29T01:30:00Z"},
		{"the first of the two half past two of Berlin", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T02:30:00+02:00 Europe/Berlin = 2026-10-25T00:30:00Z"},
		{"the second", "Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00+01:00 Europe/Berlin = 2026-10-25T01:30:00Z"},
		{"the half past two that New York doesn't have", "America/New_York", "2026-03-08T07:30:00Z", "2026-03-08T03:30:00-04:00 America/New_York = 2026-03-08T07:30:00Z"},
		{"the first of the two half past one of New York", "America/New_York", "2026-11-01T05:30:00Z", "2026-11-01T01:30:00-04:00 America/New_York = 2026-11-01T05:30:00Z"},
		{"the second", "America/New_York", "2026-11-01T06:30:00Z", "2026-11-01T01:30:00-05:00 America/New_York = 2026-11-01T06:30:00Z"},
		{"another day in UTC", "Pacific/Auckland", "2026-02-01T13:30:00Z", "2026-02-02T02:30:00+13:00 Pacific/Auckland = 2026-02-01T13:30:00Z"},
		{"UTC alone", "Etc/UTC", "2026-02-01T01:30:00Z", "Opens:    2026-02-01T01:30:00Z"},
		{"no zone is UTC", "", "2026-02-01T01:30:00Z", "Opens:    2026-02-01T01:30:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := simtest.Patched(t, 1, simtest.ByHand(), nil)
			f.ChangeWindow(
				simtest.Window,
				func(w *world.WindowSpec) { w.Zone, w.Executions = c.zone, []time.Time{moment(t, c.opens)} },
			)
			m := named(t, f)
			note := simtest.Only(t, f)
			simtest.Holds(t, note.Text, c.want)
			simtest.Holds(t, note.Subject, strings.TrimSuffix(c.opens, ":00Z")+"Z")
			if !m.Window.Opens.Equal(moment(t, c.opens)) ||
				!m.Window.Closes.Equal(moment(t, c.opens).Add(3*time.Hour)) {
				t.Errorf("for machines it opens at %s and closes at %s", m.Window.Opens, m.Window.Closes)
			}
			simtest.Quiet(t, f)
		})
	}
}

// Systems Manager calls the time a string; each of its forms is the same time.
func TestEveryFormOfTheNextExecutionTimeIsRead(t *testing.T) {
	for _, c := range []struct{ name, layout string }{
		{"RFC 3339", time.RFC3339},
		{"with fractions of a second", "2006-01-02T15:04:05.000Z07:00"},
		{"without seconds, with an offset", "2006-01-02T15:04Z07:00"},
		{"with seconds, in the schedule's zone", "2006-01-02T15:04:05"},
		{"without seconds, in the schedule's zone", "2006-01-02T15:04"},
	} {
		for _, zone := range []string{"Europe/Berlin", "America/New_York", "Asia/Kolkata", "", "Etc/UTC"} {
			t.Run(c.name+" "+zone, func(t *testing.T) {
				t.Parallel()
				f := simtest.Patched(t, 1, simtest.ByHand(), nil)
				opens := moment(t, "2026-06-07T12:30:00Z")
				f.ChangeWindow(simtest.Window, func(w *world.WindowSpec) {
					w.Zone, w.Layout, w.Executions = zone, c.layout, []time.Time{opens}
				})
				if m := named(t, f); !m.Window.Opens.Equal(opens) {
					t.Errorf("it is read as %s", m.Window.Opens)
				}
			})
		}
	}
}

// Two windows at half past two in two time zones, each on the days around the change of its clocks: every opening
// is reported once, 20 hours before, whatever the clocks do in that day.
func TestALeadIsHoursAlsoWhenTheClocksChange(t *testing.T) {
	const other = "mw-0fedcba9876543210"
	for _, c := range simtest.Some([]struct {
		name, zone string
		from       string
		opens      []string
	}{
		{"New York in March", "America/New_York", "2026-03-06T00:00:00Z", []string{"2026-03-07T07:30:00Z", "2026-03-08T07:30:00Z", "2026-03-09T06:30:00Z"}},
		{"Berlin in March", "Europe/Berlin", "2026-03-27T00:00:00Z", []string{"2026-03-28T01:30:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"}},
		{"Berlin in October", "Europe/Berlin", "2026-10-23T00:00:00Z", []string{"2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"}},
		{"New York in November", "America/New_York", "2026-10-30T00:00:00Z", []string{"2026-10-31T06:30:00Z", "2026-11-01T06:30:00Z", "2026-11-02T07:30:00Z"}},
	}) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := simtest.Patched(t, 1, map[string]string{"PatchLead": "20h"}, nil)
			var executions []time.Time
			for _, o := range c.opens {
				executions = append(executions, moment(t, o))
			}
			f.ChangeWindow(simtest.Window, func(w *world.WindowSpec) { w.Zone, w.Executions = c.zone, executions })
			second := simtest.Ordinary()
			second.ID, second.Name, second.Zone, second.Layout, second.Executions = other, "tokyo", "Asia/Tokyo", "2006-01-02T15:04", executions
			f.AddWindow(second)
			sleep(f, moment(t, c.from))
			f.Advance(4 * simtest.Day)
			times := map[string][]time.Time{}
			for _, note := range simtest.Sent(f) {
				m := parsed(t, []world.Note{note})
				times[m.Window.ID] = append(times[m.Window.ID], m.Window.Opens)
				if lead := m.Window.Opens.Sub(note.At); lead > 20*time.Hour ||
					(lead < 18*time.Hour && len(executions) == 3) { // of two within a day the second is reported once the first has opened
					t.Errorf("that of %s was sent %s before", m.Window.Opens, lead)
				}
			}
			for _, id := range []string{simtest.Window, other} {
				if len(times[id]) != len(executions) {
					t.Errorf("%s was reported for %v, want %v", id, times[id], executions)
				}
			}
			simtest.Quiet(t, f)
		})
	}
}
