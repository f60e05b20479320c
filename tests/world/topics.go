package world

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"quickstep/shared/notify"
)

// SNS's limits.
const (
	maxSubject = 99
	maxText    = 256 << 10
)

// Note is a message that was published.
type Note struct {
	At            time.Time
	Subject, Text string
	// Of an announcement alone: what machines read, and for filter policies strings, ints and bools.
	JSON       string
	Attributes map[string]any
}

// Topic is an SNS topic.
type Topic struct {
	world *World
	name  string
	notes []Note
}

// Topic is the topic of a name, such as "alarm".
func (w *World) Topic(name string) *Topic {
	if w.topics[name] == nil {
		w.topics[name] = &Topic{world: w, name: name}
	}
	return w.topics[name]
}

// Publish publishes a message. Its subject is cut to what SNS takes.
func (t *Topic) Publish(ctx context.Context, subject, text string) error {
	subject = plain(subject)
	op := Op{Service: "sns", Name: "Publish", Subject: t.name, Detail: t.world.say("%s\n%s", subject, text)}
	err := t.world.effect(ctx, op, func(*Op) error {
		if text == "" || len(text) > maxText {
			return fmt.Errorf("InvalidParameter: a text of %d bytes; 1 to %d are possible", len(text), maxText)
		}
		t.keep(subject, text)
		return nil
	})
	if err != nil {
		return fmt.Errorf("publish to %s: %w", t.name, err)
	}
	return nil
}

// Announce publishes a message in the two forms that its subscribers read. Empty attributes are left out.
func (t *Topic) Announce(ctx context.Context, a notify.Announcement) error {
	n := Note{Subject: plain(a.Subject), Text: a.Text, JSON: string(a.JSON), Attributes: maps.Clone(a.Attributes)}
	maps.DeleteFunc(n.Attributes, func(_ string, value any) bool { return value == "" })
	op := Op{
		Service: "sns",
		Name:    "Announce",
		Subject: t.name,
		Detail:  t.world.say("%s %v\n%s\n%s", n.Subject, n.Attributes, n.Text, n.JSON),
	}
	err := t.world.effect(ctx, op, func(*Op) error {
		if err := announceable(a); err != nil {
			return err
		}
		n.At = t.world.now
		t.notes = append(t.notes, n)
		return nil
	})
	if err != nil {
		return fmt.Errorf("announce %q to %s: %w", a.Subject, t.name, err)
	}
	return nil
}

// announceable says what SNS wouldn't take.
func announceable(a notify.Announcement) error {
	if a.Text == "" || len(a.JSON) == 0 || a.Size() > notify.MaxAnnouncement {
		return fmt.Errorf("InvalidParameter: a text of %d bytes, JSON of %d, %d in all; %d are possible",
			len(a.Text), len(a.JSON), a.Size(), notify.MaxAnnouncement)
	}
	for name, value := range a.Attributes {
		switch value.(type) {
		case string, int, bool:
		default:
			return fmt.Errorf("InvalidParameterValue: the attribute %s is a %T", name, value)
		}
	}
	return nil
}

func (t *Topic) keep(subject, text string) {
	t.notes = append(t.notes, Note{At: t.world.now, Subject: subject, Text: text})
}

// plain makes a subject of printable ASCII, short enough.
func plain(subject string) string {
	subject = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, subject)
	return subject[:min(len(subject), maxSubject)]
}

// Published is what a topic has been told, oldest first.
func (w *World) Published(topic string) []Note { return slices.Clone(w.Topic(topic).notes) }
