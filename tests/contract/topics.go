package contract

import (
	"context"
	"strings"
	"testing"
)

// Topic is where people are told.
type Topic interface {
	Publish(ctx context.Context, subject, text string) error
}

// Note is what a subscriber gets.
type Note struct{ Subject, Text string }

// TopicFixture is a topic to which nothing was published.
type TopicFixture struct {
	Port Topic
	// Got gives what was published, oldest first.
	Got func(t *testing.T) []Note
}

// ExerciseTopic tests Publish.
func ExerciseTopic(t *testing.T, open func(t *testing.T) TopicFixture) {
	t.Helper()
	exercise(t, open, []part[TopicFixture]{
		{"a message is published as it is", topicPlain},
		{"a subject is made to fit: 99 characters of ASCII, one line", topicSubject},
		{"a text of 256 KiB is taken, whole", topicLong},
		{"a longer text is refused, and so is none", topicRefused},
	})
}

func topicPlain(t *testing.T, f TopicFixture) {
	want := []Note{{"Quickstep: i-0 FAILED at check, fleet web", "Zwölf\nZeilen, 日本"}, {"second", "x"}}
	for _, n := range want {
		ok(t, f.Port.Publish(t.Context(), n.Subject, n.Text))
	}
	same(t, "published", f.Got(t), want)
}

func topicSubject(t *testing.T, f TopicFixture) {
	for _, subject := range []string{strings.Repeat("x", 100), strings.Repeat("ä", 60), "two\nlines", "tab\there", strings.Repeat("日", 99), "bell\a"} {
		ok(t, f.Port.Publish(t.Context(), subject, "text"))
		got := f.Got(t)
		s := got[len(got)-1].Subject
		if s == "" || len(s) > 99 || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%q became %q", subject, s)
		}
		if plain := strings.IndexFunc(subject, func(r rune) bool { return r < ' ' || r > '~' }); plain > 0 && !strings.HasPrefix(s, subject[:plain]) {
			t.Errorf("%q became %q", subject, s)
		}
	}
}

func topicLong(t *testing.T, f TopicFixture) {
	text := strings.Repeat("x", 256<<10)
	ok(t, f.Port.Publish(t.Context(), "long", text))
	if got := f.Got(t); len(got) != 1 || got[0].Text != text {
		t.Errorf("%d messages came", len(got))
	}
}

func topicRefused(t *testing.T, f TopicFixture) {
	final(t, "too long", f.Port.Publish(t.Context(), "too long", strings.Repeat("x", 256<<10+1)))
	final(t, "nothing", f.Port.Publish(t.Context(), "nothing", ""))
	same(t, "published", f.Got(t), nil)
}
