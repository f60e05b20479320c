//go:build e2e

package adapters_test

import (
	"errors"
	"io"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"quickstep/shared/cloud/s3"
	"quickstep/tests/cloud/emulator"
	"quickstep/tests/contract"
)

func TestBuckets(t *testing.T) {
	t.Parallel()
	contract.ExerciseBucket(t, func(t *testing.T) contract.BucketFixture {
		client, name := api.NewFromConfig(config()), fresh("reports")
		if err := emulator.CreateBucket(t.Context(), config(), name); err != nil {
			t.Fatal(err)
		}
		return contract.BucketFixture{Port: s3.New(config(), name), Name: name, Missing: s3.New(config(), fresh("gone")),
			Got: func(t *testing.T, key string) (string, []byte, bool) {
				out, err := client.GetObject(t.Context(), &api.GetObjectInput{Bucket: &name, Key: &key})
				var missing *types.NoSuchKey
				if errors.As(err, &missing) {
					return "", nil, false
				}
				object := must[*api.GetObjectOutput](t)(out, err)
				defer object.Body.Close()
				return aws.ToString(object.ContentType), must[[]byte](t)(io.ReadAll(object.Body)), true
			}}
	})
}
