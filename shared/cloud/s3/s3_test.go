package s3_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"quickstep/shared/cloud/cloudtest"
	"quickstep/shared/cloud/s3"
	"quickstep/shared/transient"
)

// rest is the protocol of S3.
func rest(code string) cloudtest.Answer {
	return cloudtest.Answer{Status: 400, Body: fmt.Sprintf(`<Error><Code>%s</Code><Message>no</Message></Error>`, code)}
}

// headers notes the requests of a client.
type headers struct {
	aws.HTTPClient
	requests []*http.Request
}

func (h *headers) Do(r *http.Request) (*http.Response, error) {
	h.requests = append(h.requests, r)
	return h.HTTPClient.Do(r)
}

func always(a cloudtest.Answer) func(cloudtest.Call) cloudtest.Answer {
	return func(cloudtest.Call) cloudtest.Answer { return a }
}

func TestPut(t *testing.T) {
	for _, c := range []struct{ key, contentType, body, path string }{
		{"reports/mw-1/full.json", "application/json", `{"title":"źródło"}`, "/quickstep-reports/reports/mw-1/full.json"},
		{"2026-01-05T02:00Z full+1.csv", "text/csv; charset=utf-8", "a,b\r\n", "/quickstep-reports/2026-01-05T02:00Z full+1.csv"},
		{"empty", "text/csv", "", "/quickstep-reports/empty"},
		{"large", "text/csv", strings.Repeat("i-0123456789abcdef0,KB5034441\n", 1<<17), "/quickstep-reports/large"},
	} {
		t.Run(c.key, func(t *testing.T) {
			w := cloudtest.Serve(t, always(cloudtest.Answer{}))
			h := &headers{HTTPClient: w.Config.HTTPClient}
			w.Config.HTTPClient = h
			if err := s3.New(w.Config, "quickstep-reports").Put(t.Context(), c.key, c.contentType, []byte(c.body)); err != nil {
				t.Fatal(err)
			}
			calls := w.Calls()
			if len(calls) != 1 || calls[0].Path != c.path || string(calls[0].Body) != c.body {
				t.Errorf("%d calls, %s with %d bytes", len(calls), calls[0].Path, len(calls[0].Body))
			}
			if r := h.requests[0]; r.Method != http.MethodPut || r.Header.Get("Content-Type") != c.contentType ||
				r.ContentLength != int64(len(c.body)) {
				t.Errorf("%s with %d bytes of %s", r.Method, r.ContentLength, r.Header.Get("Content-Type"))
			}
		})
	}
}

func TestADirectoryBucketIsWrittenToWithoutASession(t *testing.T) {
	w := cloudtest.Serve(t, always(cloudtest.Answer{}))
	err := s3.New(w.Config, "reports--euw1-az1--x-s3").Put(t.Context(), "full.json", "application/json", []byte("{}"))
	if calls := w.Calls(); err != nil || len(calls) != 1 || calls[0].Path != "/reports--euw1-az1--x-s3/full.json" {
		t.Errorf("%v, %v", calls, err)
	}
}

func TestAnObjectNeedsAKey(t *testing.T) {
	w := cloudtest.Serve(t, always(cloudtest.Answer{}))
	if err := s3.New(w.Config, "quickstep-reports").Put(t.Context(), "", "text/csv", []byte("x")); err == nil ||
		transient.Is(err) ||
		len(w.Calls()) > 0 {
		t.Errorf("%d calls, %v", len(w.Calls()), err)
	}
}

func TestWhatS3Refuses(t *testing.T) {
	for code, status := range map[string]int{"NoSuchBucket": 404, "AccessDenied": 403, "KeyTooLongError": 400, "PermanentRedirect": 301} {
		refusal := rest(code)
		refusal.Status = status
		w := cloudtest.Serve(t, always(refusal))
		err := s3.New(w.Config, "quickstep-reports").Put(t.Context(), "full.json", "application/json", []byte("{}"))
		if err == nil || transient.Is(err) || len(w.Calls()) != 1 || !strings.Contains(err.Error(), "full.json") ||
			!strings.Contains(err.Error(), "quickstep-reports") {
			t.Errorf("%s: %d calls, %v", code, len(w.Calls()), err)
		}
	}
}

func TestThrottlesOfS3(t *testing.T) {
	busy := rest("SlowDown")
	busy.Status = 503
	w := cloudtest.Serve(t, always(busy))
	put := func(cfg aws.Config) error {
		return s3.New(cfg, "quickstep-reports").Put(t.Context(), "full.json", "application/json", []byte("{}"))
	}
	if err := put(w.Config); !transient.IsNotApplied(err) || len(w.Calls()) != 3 {
		t.Errorf("%d calls, %v", len(w.Calls()), err)
	}
	n := 0
	w = cloudtest.Serve(t, func(c cloudtest.Call) cloudtest.Answer {
		if n++; n == 1 {
			return busy
		}
		return cloudtest.Answer{}
	})
	if err := put(w.Config); err != nil || n != 2 || string(w.Calls()[1].Body) != "{}" {
		t.Errorf("after a throttle: %v, %d calls", err, n)
	}
}

func TestFailures(t *testing.T) {
	cloudtest.Failures(t, rest, func(ctx context.Context, cfg aws.Config) error {
		return s3.New(cfg, "quickstep-reports").Put(ctx, "full.json", "application/json", []byte("{}"))
	})
}

func TestLink(t *testing.T) {
	for region, want := range map[string]string{
		"eu-west-1":     "https://console.aws.amazon.com/s3/buckets/reports?prefix=quickstep%2Fmw-1%2F&region=eu-west-1",
		"cn-north-1":    "https://console.amazonaws.cn/s3/buckets/reports?prefix=quickstep%2Fmw-1%2F&region=cn-north-1",
		"us-gov-west-1": "https://console.amazonaws-us-gov.com/s3/buckets/reports?prefix=quickstep%2Fmw-1%2F&region=us-gov-west-1",
	} {
		if got := s3.New(aws.Config{Region: region}, "reports").Link("quickstep/mw-1/"); got != want {
			t.Errorf("in %s the link is %s, want %s", region, got, want)
		}
	}
}
