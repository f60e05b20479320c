package notify

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// MaxAnnouncement is the most that SNS publishes at once: 256 KiB, attributes included.
const MaxAnnouncement = 256 << 10

// Announcement is one message to the report topic, in the two forms that its subscribers read.
type Announcement struct {
	Subject string
	Text    string // for people: e-mail
	JSON    []byte // for machines: everybody else
	// Attributes are for the subscriptions' filter policies: a string, an int, or a bool, which is written as a
	// string.
	Attributes map[string]any
}

// Message is the announcement as SNS takes it with MessageStructure json.
func (a Announcement) Message() string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // "<" needs one byte, not six
	err := e.Encode(struct {
		Default string `json:"default"`
		Email   string `json:"email"`
	}{string(a.JSON), a.Text})
	if err != nil {
		panic(fmt.Sprintf("notify: two strings can't be written as JSON: %v", err))
	}
	return string(bytes.TrimSpace(b.Bytes()))
}

// Size is what SNS counts of it, in bytes.
func (a Announcement) Size() int {
	n := len(a.Message()) + len(a.Subject)
	for name, value := range a.Attributes {
		n += len(name) + len("String") + len(fmt.Sprint(value))
	}
	return n
}
