package emulator

import (
	"bytes"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// bufferedClient sends each request from a buffer of its own, which stays open. The SDK closes a body as soon as there is an answer; a server on this
// machine answers before net/http has seen the body's end, and net/http then drops the connection with the rest of the
// answer on it: the SDK calls again, and what was created is told to exist already.
type bufferedClient struct{ aws.HTTPClient }

func (u bufferedClient) Do(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		return u.HTTPClient.Do(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.Body, _ = r.GetBody()
	return u.HTTPClient.Do(r)
}
