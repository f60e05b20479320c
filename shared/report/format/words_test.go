package format

import (
	"strings"
	"testing"
	"time"
)

func TestCountsAreInTheOrderOfTheCategories(t *testing.T) {
	for want, counts := range map[string]map[string]int{
		"nothing":              {"missing": 0},
		"12 missing":           {"missing": 12},
		"12 missing, 1 failed": {"failed": 1, "missing": 12},
		"1 failed, 2 pending reboot, 3 pending reboot as before, 4 notApplicable": {
			"notApplicable": 4, "pendingReboot": 2, "failed": 1, "stillPending": 3},
	} {
		if got := countsText(counts); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestAges(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0s": 30 * time.Second, "1h5m": 65*time.Minute + 59*time.Second, "47h59m": 48*time.Hour - time.Minute,
		"2 days": 71 * time.Hour, "9 days": 9 * 24 * time.Hour,
	} {
		if got := age(d); got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
}

func TestLinesWrapAtBlanks(t *testing.T) {
	long := strings.Repeat("x", width+20)
	for _, c := range []struct{ name, head, text, want string }{
		{"short", "head: ", "a  text", "head: a text\n"},
		{"no text", "head: ", "", "head:\n"},
		{"indented as far as the head", "head: ", strings.Repeat("word ", 25),
			"head: " + strings.TrimSpace(strings.Repeat("word ", 21)) + "\n      word word word word\n"},
		{"a word that is too long stays whole", "", "a " + long + " b", "a\n" + long + "\nb\n"},
	} {
		if got := wrap(c.head, c.text); got != c.want {
			t.Errorf("%s: got\n%swant\n%s", c.name, got, c.want)
		}
	}
}

func TestNoFieldIsAFormula(t *testing.T) {
	for field, want := range map[string]string{
		"": "", "KB1": "KB1", "a=b": "a=b", "=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@a": "'@a", "\ta": "'\ta",
	} {
		if got := inert(field); got != want {
			t.Errorf("%q became %q", field, got)
		}
	}
}
