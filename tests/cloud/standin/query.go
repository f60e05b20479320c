package standin

import (
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// requestID is what every answer carries.
const requestID = "7a62c49f-347e-4fc4-9331-6e8e00000000"

// query is a request of the query protocols.
type query struct{ url.Values }

// list are the values of prefix.1, prefix.2 and so on.
func (q query) list(prefix string) (all []string) {
	for n := 1; q.Has(fmt.Sprintf("%s.%d", prefix, n)); n++ {
		all = append(all, q.Get(fmt.Sprintf("%s.%d", prefix, n)))
	}
	return all
}

// refusal is an error that AWS has a code for.
type refusal struct{ Code, Message string }

func (r *refusal) Error() string { return r.Code + ": " + r.Message }

func refuse(code, format string, args ...any) error {
	return &refusal{code, fmt.Sprintf(format, args...)}
}

// coded is what an error says on the wire: its own code, or the one that is fit for anything else.
func coded(err error, otherwise string) *refusal {
	var r *refusal
	if errors.As(err, &r) {
		return r
	}
	return &refusal{otherwise, err.Error()}
}

// paged is one page of a list, beginning where the token of the page before says, and the next one's token.
func paged[T any](all []T, token string) (some []T, next string, err error) {
	from := 0
	if token != "" {
		if from, err = strconv.Atoi(token); err != nil || from < 0 || from > len(all) {
			return nil, "", refuse("ValidationError", "there is no page %q", token)
		}
	}
	if to := from + page; to < len(all) {
		return all[from:to], strconv.Itoa(to), nil
	}
	return all[from:], "", nil
}

// xmlAnswer writes a document whose root is named.
func xmlAnswer(w http.ResponseWriter, status int, root, namespace string, v any) {
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	w.WriteHeader(status)
	start := xml.StartElement{Name: xml.Name{Local: root}}
	if namespace != "" {
		start.Attr = []xml.Attr{{Name: xml.Name{Local: "xmlns"}, Value: namespace}}
	}
	_ = xml.NewEncoder(w).EncodeElement(v, start) // who doesn't wait for the answer doesn't get it
}

// elbResponse is what the query protocol of all but EC2 wraps a result in.
type elbResponse struct {
	Result    result
	RequestID string `xml:"ResponseMetadata>RequestId"`
}

// result is an element with a name of its own.
type result struct {
	name  string
	value any
}

// MarshalXML writes it.
func (r result) MarshalXML(e *xml.Encoder, _ xml.StartElement) error {
	return e.EncodeElement(r.value, xml.StartElement{Name: xml.Name{Local: r.name}})
}
