package contract

import (
	"bytes"
	"context"
	"net/url"
	"strings"
	"testing"
)

// Bucket is where full reports are kept.
type Bucket interface {
	Put(ctx context.Context, key, contentType string, body []byte) error
	Link(prefix string) string
}

// BucketFixture is an empty bucket.
type BucketFixture struct {
	Port Bucket
	Name string
	// Got gives an object's type and body; found is false if there is none.
	Got     func(t *testing.T, key string) (contentType string, body []byte, found bool)
	Missing Bucket // one that doesn't exist
}

// ExerciseBucket tests Put.
func ExerciseBucket(t *testing.T, open func(t *testing.T) BucketFixture) {
	t.Helper()
	exercise(t, open, []part[BucketFixture]{
		{"an object is kept as it is, with its type", bucketPut},
		{"putting again replaces", bucketAgain},
		{"an object of some megabytes is kept whole", bucketLarge},
		{"an object without a key is refused", bucketNoKey},
		{"a bucket that doesn't exist is a final error", bucketMissing},
		{"a link leads to what is below a prefix", bucketLink},
	})
}

// holds fails unless an object is there as it should be.
func (f BucketFixture) holds(t *testing.T, key, contentType, body string) {
	t.Helper()
	gotType, got, found := f.Got(t, key)
	if !found || gotType != contentType || !bytes.Equal(got, []byte(body)) {
		t.Errorf("%s: found %t, %s, %d bytes", key, found, gotType, len(got))
	}
}

func bucketPut(t *testing.T, f BucketFixture) {
	body := []byte(`{"schema":1,"title":"Zwölf <日本>"}`)
	ok(t, f.Port.Put(t.Context(), "reports/mw-1/2026-01-05T02:00Z full+1.json", "application/json", body))
	f.holds(t, "reports/mw-1/2026-01-05T02:00Z full+1.json", "application/json", string(body))
	ok(t, f.Port.Put(t.Context(), "empty.csv", "text/csv; charset=utf-8", nil))
	f.holds(t, "empty.csv", "text/csv; charset=utf-8", "")
}

func bucketAgain(t *testing.T, f BucketFixture) {
	for _, body := range []string{"first", "second", "second"} {
		ok(t, f.Port.Put(t.Context(), "report.csv", "text/csv", []byte(body)))
	}
	f.holds(t, "report.csv", "text/csv", "second")
}

func bucketLarge(t *testing.T, f BucketFixture) {
	body := strings.Repeat("i-0123456789abcdef0,KB5034441,Missing\n", 1<<17) // 5 MB
	ok(t, f.Port.Put(t.Context(), "large.csv", "text/csv", []byte(body)))
	f.holds(t, "large.csv", "text/csv", body)
}

func bucketNoKey(t *testing.T, f BucketFixture) {
	final(t, "no key", f.Port.Put(t.Context(), "", "text/csv", []byte("x")))
}

func bucketLink(t *testing.T, f BucketFixture) {
	link, err := url.Parse(f.Port.Link("reports & more/mw-1/"))
	ok(t, err)
	if link.Scheme != "https" || !strings.HasPrefix(link.Host, "console.") || link.Path != "/s3/buckets/"+f.Name ||
		link.Query().Get("prefix") != "reports & more/mw-1/" || link.Query().Get("region") == "" {
		t.Errorf("the link is %s", link)
	}
}

func bucketMissing(t *testing.T, f BucketFixture) {
	final(t, "no bucket", f.Missing.Put(t.Context(), "report.csv", "text/csv", []byte("x")))
}
