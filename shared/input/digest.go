package input

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Digest tells JSON objects apart by what they hold: SHA-256 of the object with its fields sorted,
// white space between values gone, and numbers as they are written. Of a field that is given twice
// the last counts: runs of earlier versions may have been begun so.
func (o Object) Digest() string {
	sum := sha256.Sum256(canonical(o))
	return hex.EncodeToString(sum[:])
}

// Digests are short digests of each field's value, by which it can be said later in which fields
// another object differs.
func (o Object) Digests() map[string]string {
	all := make(map[string]string, len(o))
	for name, raw := range o {
		sum := sha256.Sum256(canonical(raw))
		all[name] = hex.EncodeToString(sum[:4])
	}
	return all
}

// Differ are the names of the fields in which the object differs from one whose digests these are,
// sorted.
func (o Object) Differ(digests map[string]string) []string {
	names := map[string]bool{}
	own := o.Digests()
	for name := range own {
		names[name] = own[name] != digests[name]
	}
	for name := range digests {
		names[name] = own[name] != digests[name]
	}
	maps.DeleteFunc(names, func(_ string, differs bool) bool { return !differs })
	return slices.Sorted(maps.Keys(names))
}

// canonical writes JSON in the one form in which equal values are equal bytes.
func canonical(v any) []byte {
	text, err := json.Marshal(v)
	if err == nil {
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		var plain any
		if err = d.Decode(&plain); err == nil {
			text, err = json.Marshal(plain) // sorts the fields of objects
		}
	}
	if err != nil {
		panic(fmt.Sprintf("input: JSON can't be written as JSON: %v", err)) // it was read as JSON
	}
	return text
}
