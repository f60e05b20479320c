package world

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
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
