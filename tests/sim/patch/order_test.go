package patch_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"quickstep/shared/report"
	"quickstep/tests/sim/simtest"
	"quickstep/tests/world"
)

// times are what differs between two reports of the same fleet that were made at different times.
var times = regexp.MustCompile(
	`(?m)^Report:.*$|oldest is [0-9a-z]+ old|\([0-9a-z]+ ago\)|"(began|closed|report)":"[^"]*"`,
)

// said is all that a report says, but for when it was made.
func said(notes []world.Note) string {
	var b strings.Builder
	for _, n := range notes {
		b.WriteString(
			n.Subject + "\n" + times.ReplaceAllString(n.Text, "") + "\n" + times.ReplaceAllString(n.JSON, "") + "\n",
		)
	}
	return b.String()
}

// The order in which scans end is that of the messages, the throttles, the crashes; the report's is its own.
func TestTheReportIsTheSameInWhateverOrderTheScansEnd(t *testing.T) {
	var first string
	for _, n := range simtest.Several(13) {
		seed := uint64(n + 1)
		f := simtest.PatchedBy(
			t,
			seed,
			12,
			simtest.ByHand(),
			func(n int, _ *world.MachineSpec, _ *report.State, patches *[]report.Patch) {
				*patches = append(simtest.Numbered(30*(n%5)), simtest.Five()[n%4:]...)
			},
		)
		f.Latency = func(string) time.Duration {
			return time.Duration(f.Count("sqs.Messages")*int(seed)*7919%60_000) * time.Millisecond
		}
		if seed%3 == 0 {
			f.Duplicate = func(string) bool { return true }
		}
		if seed%2 == 0 {
			f.PatchRate = 0.3
		}
		var ends []string
		f.Also(func(op world.Op) {
			if op.Function == "scan" && op.Name == "Write" && op.Happened && strings.Contains(op.Detail, "COUNT") {
				ends = append(ends, op.Subject)
			}
		})
		named(t, f)
		got := said(simtest.Sent(f))
		if first == "" {
			first = got
		}
		if got != first {
			t.Errorf(
				"seed %d: it is another report when the scans end as %v: %s",
				seed,
				ends,
				simtest.FirstDifference(first, got),
			)
		}
		simtest.Quiet(t, f)
	}
}

// A report that is sent again, or asked for again, says the same in the same order.
func TestAReportThatIsMadeTwiceSaysTheSame(t *testing.T) {
	f := simtest.Patched(
		t,
		5,
		simtest.ByHand(),
		func(n int, _ *world.MachineSpec, _ *report.State, patches *[]report.Patch) {
			*patches = simtest.Numbered(100 * n)
		},
	)
	for _, id := range []string{"one", "two"} {
		simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}, "id": id})
		simtest.Reported(t, f, time.Hour)
	}
	notes := simtest.Sent(f)
	if len(notes)%2 != 0 || said(notes[:len(notes)/2]) != said(notes[len(notes)/2:]) {
		t.Errorf("%d messages; the second report isn't the first", len(notes))
	}
}

// A crash between the sending of a part and the note of it lets it be sent again; then it says so, and is the same
// else.
func TestAPartThatMayHaveBeenSentSaysRepeated(t *testing.T) {
	for _, fault := range world.Faults {
		t.Run(fault.String(), func(t *testing.T) {
			t.Parallel()
			f := simtest.Patched(
				t,
				4,
				simtest.ByHand(),
				func(n int, _ *world.MachineSpec, _ *report.State, patches *[]report.Patch) {
					*patches = simtest.Numbered(400 * n)
				},
			)
			hit := false
			f.Fault = func(op world.Op) world.Fault {
				if op.Name == "Announce" && len(simtest.Sent(f)) == 1 && !hit {
					hit = true
					return fault
				}
				return world.None
			}
			simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}})
			simtest.Reported(t, f, 3*time.Hour)
			repeats(t, simtest.Sent(f), fault == world.CrashAfter || fault == world.ReplyLost, fault != world.Throttle)
			simtest.Quiet(t, f)
		})
	}
}

// repeats checks the parts of a report whose second may have been sent twice.
func repeats(t *testing.T, notes []world.Note, twice, doubt bool) {
	t.Helper()
	texts := map[int]string{}
	for _, n := range notes {
		var m form
		if err := json.Unmarshal([]byte(n.JSON), &m); err != nil {
			t.Fatal(err)
		}
		before, again := texts[m.Part]
		if again && (m.Part != 2 || !twice) {
			t.Errorf("part %d was sent twice", m.Part)
		}
		says := m.Repeated && n.Attributes["repeated"] == true && strings.HasPrefix(n.Subject, "Repeated: ") &&
			strings.HasPrefix(n.Text, "REPEATED: ")
		if again && !says {
			t.Errorf("part %d was sent again, and doesn't say so: %s", m.Part, n.Subject)
		}
		if m.Repeated && (m.Part != 2 || !doubt) {
			t.Errorf("part %d says that it is repeated", m.Part)
		}
		if _, rest, _ := strings.Cut(n.Text, "\n\n"); again && rest != before {
			t.Errorf("part %d isn't what it was", m.Part)
		}
		texts[m.Part] = n.Text
	}
	if len(texts) < 3 || len(notes) != len(texts)+map[bool]int{true: 1}[twice] {
		t.Errorf("%d messages with %d parts", len(notes), len(texts))
	}
}

// What has been sent is noted before the next is: a crash at any later moment repeats one part at most.
func TestACrashWhileAReportIsSentRepeatsOnePartAtMost(t *testing.T) {
	for _, n := range simtest.Several(24) {
		t.Run(fmt.Sprint("at call ", n), func(t *testing.T) {
			t.Parallel()
			f := simtest.Patched(
				t,
				4,
				simtest.ByHand(),
				func(n int, _ *world.MachineSpec, _ *report.State, patches *[]report.Patch) {
					*patches = simtest.Numbered(400 * n)
				},
			)
			calls := -1
			f.Fault = func(op world.Op) world.Fault {
				if op.Function == "report" && op.Service != "sqs" {
					calls++
				}
				if op.Function == "report" && calls == n {
					calls++
					return world.CrashAfter
				}
				return world.None
			}
			simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}})
			simtest.Reported(t, f, 3*time.Hour)
			parts := map[string]int{}
			for _, note := range simtest.Sent(f) {
				parts[fmt.Sprint(partOf(note))]++
			}
			if twice := len(simtest.Sent(f)) - len(parts); twice > 1 ||
				len(parts) != parsedOne(t, simtest.Sent(f)[0]).Parts {
				t.Errorf("%d messages with %d parts", len(simtest.Sent(f)), len(parts))
			}
			simtest.Quiet(t, f)
		})
	}
}
