package storm_test

import (
	"reflect"
	"testing"

	"quickstep/tests/storm"
	"quickstep/tests/world"
)

func TestACaseIsReadAsItIsWritten(t *testing.T) {
	cases := []storm.Case{{},
		{Faults: map[int]world.Fault{3: world.CrashAfter, 12: world.ReplyLost}},
		{After: 7, Command: "pause", Faults: map[int]world.Fault{7: world.ReplyLost}}}
	// each number of a case, whatever is added to it later
	for n := range reflect.TypeFor[storm.Case]().NumField() {
		var c storm.Case
		if f := reflect.ValueOf(&c).Elem().Field(n); f.Kind() == reflect.Int {
			f.SetInt(4)
		}
		if c.After > 0 {
			c.Command = "cancel"
		}
		cases = append(cases, c)
	}
	for _, c := range cases {
		got, err := storm.ParseTrial(c.String())
		if err != nil || !reflect.DeepEqual(got, storm.Trial{Case: c}) {
			t.Errorf("%+v is written %q, and read as %+v (%v)", c, c, got, err)
		}
	}
	if got, err := storm.ParseTrial("seed 650001"); err != nil || !reflect.DeepEqual(got, storm.Trial{Seed: 650001}) {
		t.Errorf("seed 650001 is read as %+v (%v)", got, err)
	}
}

func TestWhatIsNoCaseIsRefused(t *testing.T) {
	for _, text := range []string{"", "seed", "seed x", "seed 1 2", "seed -1", "effect slow", "effect 3 slower", "CrashAfter at effect",
		"Sunshine at effect 3", "run-2 at effect 3, fleet 2", "effect 3 slow,effect 4 slow", "effect 3 slow, effect 4 slow"} {
		if got, err := storm.ParseTrial(text); err == nil {
			t.Errorf("%q is read as %+v", text, got)
		}
	}
}
