package docs_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/input"
	"quickstep/shared/run"
)

// TestTheDrainTimeoutsDefaultIsDocumented: it is computed, so it stands in no table of numbers.
func TestTheDrainTimeoutsDefaultIsDocumented(t *testing.T) {
	page := strings.Join(strings.Fields(read(t, designPage).text), " ")
	const text = "The drain timeout's default is the longest deregistration delay + 2 minutes** " +
		"(at least 4 minutes"
	if !strings.Contains(page, text) {
		t.Errorf("%s doesn't say: %s", designPage, text)
	}
	capture := []run.Registration{{Group: "fast"}, {Group: "slow"}}
	fast := run.GroupPlan{Delay: input.Duration(time.Second)}
	slow := run.GroupPlan{Delay: input.Duration(5 * time.Minute)}
	for name, c := range map[string]struct {
		slow run.GroupPlan
		want time.Duration
	}{
		"the longest delay":                     {slow, 7 * time.Minute},
		"a Network Load Balancer's two minutes": {run.GroupPlan{Network: true}, 4 * time.Minute},
	} {
		plan := run.Plan{Groups: map[string]run.GroupPlan{"fast": fast, "slow": c.slow}}
		if got := plan.DrainTimeout(capture); got != c.want {
			t.Errorf("%s: the default is %s", name, got)
		}
		if got := plan.RebootFor(capture); got != c.want+time.Hour {
			t.Errorf("%s: errors are borne for %s", name, got)
		}
	}
}

// TestTheBoundsAreDocumented holds each number of the tables against the code.
func TestTheBoundsAreDocumented(t *testing.T) {
	page := read(t, designPage)
	all := constants(t)
	rows := page.rows(t, "| what is bounded | bound | constant |")
	if len(rows) < 40 {
		t.Errorf("only %d bounds were found", len(rows))
	}
	for _, row := range rows {
		bound, name := cell(row, 1), cell(row, 2)
		if len(bound) == 0 || len(name) != 1 {
			t.Errorf("%s has no bound, or no constant", row)
			continue
		}
		got, ok := all[name[0]]
		if !ok {
			t.Errorf("there is no constant %s", name[0])
			continue
		}
		if want := number(t, bound[0]); got != want {
			t.Errorf("%s is documented as %s, and is %d", name[0], bound[0], got)
		}
	}

	const backoff = "in 5 seconds, doubled each time up to 2 minutes, plus up to half of that"
	if !strings.Contains(strings.Join(strings.Fields(page.text), " "), backoff) {
		t.Error("the delay after an error isn't documented")
	}
	for n, least := range map[int]time.Duration{
		1: 5 * time.Second, 2: 10 * time.Second, 99: 2 * time.Minute,
	} {
		if d := choreo.Backoff(n, "key"); d < least || d > least+least/2 {
			t.Errorf("the delay after %d errors is %s", n, d)
		}
	}
}

// number is a bound as constants have it: a count, or a duration in nanoseconds.
func number(t *testing.T, text string) int64 {
	t.Helper()
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Errorf("%q is neither a number nor a duration", text)
	}
	return int64(d)
}

func TestTheDefaultsInTheDesignAreTheRequests(t *testing.T) {
	text, err := json.Marshal(run.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	var defaults map[string]any
	if err := json.Unmarshal(text, &defaults); err != nil {
		t.Fatal(err)
	}
	rows := read(t, designPage).rows(t, "| field | what is bounded | default |")
	if len(rows) < 9 {
		t.Errorf("only %d fields were found", len(rows))
	}
	for _, row := range rows {
		field, value := cell(row, 0), cell(row, 2)
		if len(field) != 1 || len(value) != 1 {
			t.Errorf("%s has no field, or no default", row)
		} else if got := fmt.Sprint(defaults[field[0]]); got != value[0] {
			t.Errorf("the default of %s is documented as %s, and is %s", field[0], value[0], got)
		}
	}
}

func TestTheFunctionsTimesAreDocumented(t *testing.T) {
	s, told := stack(t), map[string]bool{}
	for _, row := range read(t, designPage).rows(t, "| function | timeout | lease | visibility |") {
		for _, name := range cell(row, 0) {
			told[name] = true
			f := s.Functions[name]
			if f.Source == nil {
				t.Errorf("%s takes no messages", name)
				continue
			}
			lease := time.Duration(number(t, f.Environment["LEASE"]))
			for n, got := range []time.Duration{f.Timeout, lease, s.Queues[f.Source.Queue].Visibility} {
				if want := time.Duration(number(t, cell(row, n+1)[0])); got != want {
					t.Errorf("%s: documented is %s, and the template has %s", name, want, got)
				}
			}
		}
	}
	for name, f := range s.Functions {
		if f.Source != nil && !told[name] {
			t.Errorf("%s doesn't tell of %s", designPage, name)
		}
	}
	for name, q := range s.Queues {
		if q.Dead != "" && q.MaxReceives != choreo.MaxTries {
			t.Errorf("queue %s redrives after %d receives, not %d", name, q.MaxReceives, choreo.MaxTries)
		}
	}
}
