package emulator

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// slow answers at once, and reads the request's body when it is too late for the SDK.
type slow struct{ bodies chan io.Reader }

func (s slow) Do(r *http.Request) (*http.Response, error) {
	s.bodies <- r.Body
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{}`))}, nil
}

func TestABodyStaysOpenAfterTheAnswer(t *testing.T) {
	s := slow{make(chan io.Reader, 1)}
	cfg := Config("http://127.0.0.1:1")
	cfg.HTTPClient = bufferedClient{s}
	if _, err := dynamodb.NewFromConfig(cfg).ListTables(t.Context(), &dynamodb.ListTablesInput{ExclusiveStartTableName: aws.String("a")}); err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(<-s.bodies); err != nil || string(body) != `{"ExclusiveStartTableName":"a"}` {
		t.Errorf("%q, %v", body, err)
	}
	if _, ok := Config("http://127.0.0.1:1").HTTPClient.(bufferedClient); !ok {
		t.Error("the emulator is reached by another client")
	}
}

// forgetful creates what it is asked for, and its first answer is lost.
func forgetful(t *testing.T, exists string, says map[string]string) aws.Config {
	t.Helper()
	creates := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		if answer, ok := says[operation]; ok {
			_, _ = io.WriteString(w, answer)
			return
		}
		if creates++; creates == 1 {
			panic(http.ErrAbortHandler) // the connection breaks without an answer
		}
		if operation == "" { // S3 speaks XML
			w.WriteHeader(http.StatusConflict)
			_, _ = fmt.Fprintf(w, `<Error><Code>%s</Code><Message>it exists</Message></Error>`, exists)
			return
		}
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"__type":%q,"message":"it exists"}`, exists)
	}))
	t.Cleanup(s.Close)
	return Config(s.URL)
}

func table(key string) *dynamodb.CreateTableInput {
	return &dynamodb.CreateTableInput{TableName: aws.String("ledger-1"), BillingMode: types.BillingModePayPerRequest,
		KeySchema:            []types.KeySchemaElement{{AttributeName: &key, KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: &key, AttributeType: types.ScalarAttributeTypeS}}}
}

func TestWhatTheFirstTryHasCreatedIsCreated(t *testing.T) {
	describe := map[string]string{"DescribeTable": `{"Table":{"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}]}}`}
	for name, c := range map[string]struct {
		exists string
		create func(context.Context, aws.Config) error
		ok     bool
	}{
		"a table": {"ResourceInUseException", func(ctx context.Context, cfg aws.Config) error { return CreateTable(ctx, cfg, table("pk")) }, true},
		"a table with another key": {"ResourceInUseException",
			func(ctx context.Context, cfg aws.Config) error { return CreateTable(ctx, cfg, table("id")) }, false},
		"a table that is refused": {"ValidationException",
			func(ctx context.Context, cfg aws.Config) error { return CreateTable(ctx, cfg, table("pk")) }, false},
		"a bus": {"ResourceAlreadyExistsException", func(ctx context.Context, cfg aws.Config) error { return CreateBus(ctx, cfg, "orders") }, true},
		"a bus that is refused": {"LimitExceededException",
			func(ctx context.Context, cfg aws.Config) error { return CreateBus(ctx, cfg, "orders") }, false},
		"a bucket": {"BucketAlreadyOwnedByYou", func(ctx context.Context, cfg aws.Config) error { return CreateBucket(ctx, cfg, "reports") }, true},
		"a bucket of others": {"BucketAlreadyExists",
			func(ctx context.Context, cfg aws.Config) error { return CreateBucket(ctx, cfg, "reports") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.create(t.Context(), forgetful(t, c.exists, describe)); (err == nil) != c.ok {
				t.Error(err)
			}
		})
	}
}
