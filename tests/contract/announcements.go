package contract

import (
	"context"
	"maps"
	"strings"
	"testing"

	"quickstep/shared/notify"
)

// Announcer is where reports are published for people and machines.
type Announcer interface {
	Announce(ctx context.Context, a notify.Announcement) error
}

// Announced is what subscribers get.
type Announced struct {
	Subject, Email, Other string         // what e-mail subscribers read, and what everybody else does
	Attributes            map[string]any // strings, ints and bools
}

// AnnouncerFixture is a topic to which nothing was published.
type AnnouncerFixture struct {
	Port Announcer
	// Got gives what was published, oldest first.
	Got func(t *testing.T) []Announced
}

// ExerciseAnnouncer tests Announce.
func ExerciseAnnouncer(t *testing.T, open func(t *testing.T) AnnouncerFixture) {
	t.Helper()
	exercise(t, open, []part[AnnouncerFixture]{
		{"people get text, machines JSON, both as they are", announcePlain},
		{"attributes are strings, numbers and bools, without the empty ones", announceAttributes},
		{"a subject is made to fit: 99 characters of ASCII, one line", announceSubject},
		{"an announcement of 256 KiB is taken, whole", announceLong},
		{"a longer one is refused, and so is one that lacks a form", announceRefused},
		{"an attribute of another kind is refused", announceOddAttribute},
	})
}

func announcePlain(t *testing.T, f AnnouncerFixture) {
	a := notify.Announcement{
		Subject: "Quickstep: 12 patches",
		Text:    "Zwölf\n<\"Zeilen\">, 日本",
		JSON:    []byte(`{"schema":1,"text":"<a & b>"}`),
	}
	ok(t, f.Port.Announce(t.Context(), a))
	got := f.Got(t)
	if len(got) != 1 || got[0].Subject != a.Subject || got[0].Email != a.Text || got[0].Other != string(a.JSON) ||
		len(got[0].Attributes) > 0 {
		t.Errorf("%+v", got)
	}
}

func announceAttributes(t *testing.T, f AnnouncerFixture) {
	want := map[string]any{"window": "mw-1", "missing": 12, "failed": 0, "gaps": false}
	a := notify.Announcement{Subject: "s", Text: "t", JSON: []byte(`{}`), Attributes: maps.Clone(want)}
	a.Attributes["bucket"] = ""
	ok(t, f.Port.Announce(t.Context(), a))
	if got := f.Got(t); len(got) != 1 || !maps.Equal(got[0].Attributes, want) {
		t.Errorf("%+v, want %v", got, want)
	}
	if _, there := a.Attributes["bucket"]; !there {
		t.Error("the caller's attributes were changed")
	}
}

func announceSubject(t *testing.T, f AnnouncerFixture) {
	for _, subject := range []string{strings.Repeat("x", 120), strings.Repeat("ä", 60), "two\nlines"} {
		ok(t, f.Port.Announce(t.Context(), notify.Announcement{Subject: subject, Text: "t", JSON: []byte(`{}`)}))
		got := f.Got(t)
		s := got[len(got)-1].Subject
		if s == "" || len(s) > 99 || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%q became %q", subject, s)
		}
	}
}

// filled is an announcement of exactly some size, in bytes.
func filled(size int) notify.Announcement {
	a := notify.Announcement{
		Subject:    "long",
		Text:       "x",
		JSON:       []byte(`{}`),
		Attributes: map[string]any{"missing": 5000},
	}
	a.Text = strings.Repeat("x", size-a.Size()+1)
	return a
}

func announceLong(t *testing.T, f AnnouncerFixture) {
	a := filled(notify.MaxAnnouncement)
	ok(t, f.Port.Announce(t.Context(), a))
	if got := f.Got(t); len(got) != 1 || got[0].Email != a.Text {
		t.Errorf("%d messages came", len(got))
	}
}

func announceRefused(t *testing.T, f AnnouncerFixture) {
	final(t, "too long", f.Port.Announce(t.Context(), filled(notify.MaxAnnouncement+1)))
	final(t, "no text", f.Port.Announce(t.Context(), notify.Announcement{Subject: "s", JSON: []byte(`{}`)}))
	final(t, "no JSON", f.Port.Announce(t.Context(), notify.Announcement{Subject: "s", Text: "t"}))
	if got := f.Got(t); len(got) > 0 {
		t.Errorf("published: %+v", got)
	}
}

func announceOddAttribute(t *testing.T, f AnnouncerFixture) {
	a := notify.Announcement{Subject: "s", Text: "t", JSON: []byte(`{}`), Attributes: map[string]any{"share": 0.5}}
	final(t, "a fraction", f.Port.Announce(t.Context(), a))
}
