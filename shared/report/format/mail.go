package format

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"time"

	"quickstep/shared/notify"
)

// Mail is one message of a report as it waits in the ledger to be sent: to the report topic, or,
// the last one, to the alarm topic. What is sent is the same in each try, whatever code makes it.
type Mail struct {
	Subject    string
	Text       string
	JSON       string // of the form for machines; empty: it goes to the alarm topic
	Attributes map[string]any
	Expires    time.Time
}

// Expiry is when the message may be forgotten.
func (m *Mail) Expiry() time.Time { return m.Expires }

// packedMail is a message in the ledger: a tenth of what it is long, and each kilobyte written
// costs.
type packedMail struct {
	Mail []byte `json:"mail"` // by gzip
}

// plainMail is what is packed.
type plainMail struct {
	Subject    string         `json:"subject"`
	Text       string         `json:"text"`
	JSON       string         `json:"json,omitempty"`
	Attributes map[string]any `json:"attributes,omitempty"`
}

// MarshalJSON packs the message.
func (m *Mail) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write(encode(plainMail{m.Subject, m.Text, m.JSON, m.Attributes}))
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("pack a message: %w", err)
	}
	return json.Marshal(packedMail{b.Bytes()})
}

// UnmarshalJSON unpacks it.
func (m *Mail) UnmarshalJSON(text []byte) error {
	var p packedMail
	if err := json.Unmarshal(text, &p); err != nil {
		return fmt.Errorf("decode a message: %w", err)
	}
	z, err := gzip.NewReader(bytes.NewReader(p.Mail))
	if err != nil {
		return fmt.Errorf("unpack a message: %w", err)
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		return fmt.Errorf("unpack a message: %w", err)
	}
	var l plainMail
	if err := json.Unmarshal(plain, &l); err != nil {
		return fmt.Errorf("decode a message: %w", err)
	}
	m.Subject, m.Text, m.JSON, m.Attributes = l.Subject, l.Text, l.JSON, l.Attributes
	return nil
}

// Note is the message as it goes to the alarm topic.
func (m *Mail) Note(repeated bool) notify.Note {
	n := notify.Note{Subject: m.Subject, Text: m.Text}
	if repeated {
		return n.Repeat()
	}
	return n
}

// Announcement is the message as it goes to the report topic.
func (m *Mail) Announcement(repeated bool) (notify.Announcement, error) {
	var d document
	if err := json.Unmarshal([]byte(m.JSON), &d); err != nil {
		return notify.Announcement{}, fmt.Errorf("decode a message: %w", err)
	}
	n, attributes := m.Note(repeated), maps.Clone(m.Attributes)
	d.Repeated, attributes["repeated"] = repeated, repeated
	for name, value := range attributes {
		if number, ok := value.(float64); ok { // as JSON reads it
			attributes[name] = int(number)
		}
	}
	return notify.Announcement{
		Subject: n.Subject, Text: n.Text, JSON: encode(d), Attributes: attributes,
	}, nil
}
