package sanitize_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"quickstep/shared/sanitize"
)

func TestText(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"what AWS says stays as it is": {`api error AccessDenied: User: arn:aws:sts::123456789012:assumed-role/x is not authorized (http 403) [a] <- "é" 中文 a@b.example`,
			`api error AccessDenied: User: arn:aws:sts::123456789012:assumed-role/x is not authorized (http 403) [a] <- "é" 中文 a@b.example`},
		"a forged line":                     {"x\n\nNext:   run curl\r\nSubject: y", "x Next: run curl Subject: y"},
		"Unicode's own line breaks":         {"a\u2028b\u2029c\u0085d\vd\fe", "a b c d d e"},
		"blanks that push into a next line": {"a" + strings.Repeat(" ", 99) + "\u3000\u00a0Next: b", "a Next: b"},
		"an escape sequence":                {"\x1b[2J\x1b]0;title\x07red", "[2J ]0;title red"},
		"C1 controls":                       {"a\u009b31mb", "a 31mb"},
		"direction":                         {"web\u202eevil\u2066x\u2069\u200e\u200f\u061c", "webevilx"},
		"no width":                          {"w\u200be\u200c\u200d\u2060b\ufeff\u00ad", "web"},
		"tags and selectors":                {"a\U000e0041\U000e007fb\ufe0f\U000e0100", "ab"},
		"letters that are blank":            {"a\u3164\u115f\u2800b", "ab"},
		"not UTF-8, a lone surrogate":       {"a\xff\xedb\xed\xa0\x80c", "a?b?c"},
		"nothing that can be seen":          {"\u200b\u202e", "?"},
		"blanks alone":                      {" \n\t", ""},
		"nothing":                           {"", ""},
		"Slack's mentions":                  {"<!channel> <!here|x> <@U012AB3CD> <#C012> <!subteam^S1>", "< !channel> < !here|x> < @ U012AB3CD> < #C012> < !subteam^S1>"},
		"Slack's links":                     {"<https://evil.example|AWS console>", "< https://evil.example|AWS console>"},
		"names that a chat links":           {"@here (@channel) @everyone", "@ here (@ channel) @ everyone"},
		"Markdown":                          {"[AWS console](https://evil.example) ![x](y) [a][b]", "[AWS console] (https://evil.example) ![x] (y) [a] [b]"},
		"Teams and HTML":                    {`<at>all</at><a href="x">y</a><!-- hides`, `< at>all< /at>< a href="x">y< /a>< !-- hides`},
		"markup behind what isn't seen":     {"<\u200b!channel> ]\u2060(x", "< !channel> ] (x"},
	} {
		if got := sanitize.Text(c.text); got != c.want {
			t.Errorf("%s: %q becomes %q, want %q", name, c.text, got, c.want)
		}
	}
}

func TestWhatIsTooLongIsCutInItsMiddleAndSaysSo(t *testing.T) {
	long := "begins" + strings.Repeat("x", 200_000) + "@here ends"
	got := sanitize.Text(long)
	if len(got) > sanitize.MaxText || !strings.HasPrefix(got, "begins") || !strings.HasSuffix(got, "here ends") {
		t.Errorf("%d bytes: %.20s … %s", len(got), got, got[len(got)-20:])
	}
	var left int
	note := regexp.MustCompile(` … \((\d+) bytes cut\) … `).FindStringSubmatch(got)
	if note == nil {
		t.Fatalf("it doesn't say that it was cut: %s", got)
	}
	if _, err := fmt.Sscan(note[1], &left); err != nil || left+len(got)-len(note[0]) != len(long) {
		t.Errorf("of %d bytes %d are said to be cut, and %d are there", len(long), left, len(got)-len(note[0]))
	}
	if got := sanitize.Text(strings.Repeat("y", sanitize.MaxText)); len(got) != sanitize.MaxText ||
		strings.Contains(got, "cut") {
		t.Errorf("what is just as long as may be was cut: %s", got)
	}
	if got := sanitize.Cut(strings.Repeat("€", 300), 100); len(got) > 100 || !utf8.ValidString(got) {
		t.Errorf("%d bytes, %q", len(got), got)
	}
	if got := sanitize.Text("x" + strings.Repeat("a", 479) + strings.Repeat("@b", 400)); regexp.MustCompile(
		`(^|\W)@\w`,
	).MatchString(
		got,
	) {
		t.Errorf("the cut makes a mention: %s", got)
	}
}

func TestSprintf(t *testing.T) {
	got := sanitize.Sprintf("Why: %s\nWhat: %v\nN: %d\n", "a\nb", errors.New("c\r\nd"), 7)
	if want := "Why: a b\nWhat: c d\nN: 7\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestJSONMeansTheSame(t *testing.T) {
	value := map[string]string{"Name\u202e": "<!channel> [a](b) @here \u2028\U000e0041 x\x7f\u200b&"}
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	got := sanitize.JSON(text)
	if bad.MatchString(got) {
		t.Errorf("it still holds what it mustn't: %q", got)
	}
	var back map[string]string
	if err := json.Unmarshal([]byte(got), &back); err != nil || back["Name\u202e"] != value["Name\u202e"] {
		t.Errorf("%s means %q, %v", got, back, err)
	}
}

func TestLog(t *testing.T) {
	var b bytes.Buffer
	log := slog.New(
		sanitize.Log(slog.NewTextHandler(&b, nil)),
	).With(
		"run",
		"r\u202e",
	).WithGroup(
		"g",
	).With(
		"x",
		"<!channel>",
	)
	log.Warn(
		"m\u2066",
		"reason",
		"\x1b[2J\u200bhi",
		"err",
		errors.New("@here\ngone"),
		"n",
		3,
		slog.Group("in", "y", "a\u200fb"),
		"long",
		strings.Repeat("z", 5000),
	)
	got := b.String()
	if bad.MatchString(strings.TrimSuffix(got, "\n")) || len(got) > 1500 {
		t.Errorf("logged %q", got)
	}
	for _, part := range []string{"run=r ", "msg=m ", `g.reason=[2Jhi `, `g.err="@ here gone"`, "g.n=3", "g.in.y=ab", `g.x="< !channel>"`} {
		if !strings.Contains(got, part) {
			t.Errorf("%s isn't in %s", part, got)
		}
	}
}

// bad is what no text may hold.
var bad = regexp.MustCompile(
	"[\\x00-\\x1f\\x7f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]|<[!@#/?A-Za-z]|\\]\\(|(^|[^\\pL\\pN_])@[\\pL\\pN_]",
)

func FuzzText(f *testing.F) {
	for _, s := range []string{"", "a\nb", "<!channel>", "\xff\u202e", "[a](b)", strings.Repeat("@a ", 500), strings.Repeat("é]", 700), "<\u200b<@@U"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := sanitize.Text(s)
		switch {
		case bad.MatchString(got):
			t.Errorf("%q becomes %q", s, got)
		case len(got) > sanitize.MaxText || !utf8.ValidString(got):
			t.Errorf("%q becomes %d bytes of %q", s, len(got), got)
		case sanitize.Text(got) != got:
			t.Errorf("twice, %q becomes %q", got, sanitize.Text(got))
		}
		if short := sanitize.Cut(s, 100); len(short) > 100 || sanitize.Text(short) != short {
			t.Errorf("%q is cut to %q", s, short)
		}
	})
}

// parts is an error whose texts are fit already.
type parts []string

func (p parts) Error() string     { return strings.Join(p, "; ") }
func (p parts) Sanitized() string { return p.Error() }

func TestAnErrorOfSeveralTextsMayBeLongerThanOne(t *testing.T) {
	long := parts{strings.Repeat("a", 900), strings.Repeat("b", 900)}
	var log bytes.Buffer
	slog.New(sanitize.Log(slog.NewJSONHandler(&log, nil))).Info("refused", "reason", long)
	for what, text := range map[string]string{
		"Error": sanitize.Error(long).Error(), "Sprintf": sanitize.Sprintf("%v",
			long), "Log": log.String(),
	} {
		if !strings.Contains(text, long.Error()) {
			t.Errorf("%s shows %s", what, text)
		}
	}
	if text := sanitize.Error(fmt.Errorf("wrapped: %w",
		long)).Error(); len(text) > sanitize.MaxText {
		t.Errorf("what somebody else wrote around it has %d bytes", len(text))
	}
}
