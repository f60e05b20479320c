package choreo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// The longest keys that DynamoDB takes, in bytes.
const (
	maxPK = 2048
	maxSK = 1024
)

// DecodeMessage reads a message's body. Its error names what is missing or wrong; such a message is
// nobody's, and ends in the dead-letter queue.
func DecodeMessage(body string) (Message, error) {
	d := json.NewDecoder(strings.NewReader(body))
	d.DisallowUnknownFields()
	var m Message
	if err := d.Decode(&m); err != nil {
		return m, fmt.Errorf("message: not one of ours: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return m, errors.New("message: not one of ours: more than one JSON object")
	}
	if err := exact(body); err != nil {
		return m, err
	}
	for _, f := range []struct {
		name  string
		wrong bool
	}{
		{"pk", m.PK == "" || len(m.PK) > maxPK},
		{"sk", m.SK == "" || len(m.SK) > maxSK},
		{"step", m.Step == ""},
		{"n", m.N < 1},
		{"nudge", m.Redeliveries < 0},
	} {
		if f.wrong {
			return m, fmt.Errorf("message: field %s is missing or out of bounds", f.name)
		}
	}
	return m, nil
}

// exact refuses what encoding/json lets pass and others may read in another way: a field that is
// given twice, or whose name is written with capital letters. The body has been read as a message
// before: it is null, or an object without others in it.
func exact(body string) error {
	d := json.NewDecoder(strings.NewReader(body))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return err
	}
	var seen []string
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		field := fmt.Sprint(name)
		switch {
		case !slices.Contains([]string{"pk", "sk", "step", "n", "nudge", "notBefore"}, field):
			return fmt.Errorf("message: not one of ours: field %q", field)
		case slices.Contains(seen, field):
			return fmt.Errorf("message: field %s is given twice", field)
		}
		seen = append(seen, field)
		if _, err := d.Token(); err != nil {
			return err
		}
	}
	return nil
}
