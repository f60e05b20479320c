package emulator

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// What is created here has a name that nothing else bears. If it exists already, the SDK has called again after a reply
// was lost: that is success, if it is what was asked for. Queues, topics, subscriptions, rules and alarms need nothing of
// this: AWS answers a second time as it did the first.

// CreateTable makes a table.
func CreateTable(ctx context.Context, cfg aws.Config, in *dynamodb.CreateTableInput) error {
	client := dynamodb.NewFromConfig(cfg)
	_, err := client.CreateTable(ctx, in)
	var exists *dynamotypes.ResourceInUseException
	if !errors.As(err, &exists) {
		return err
	}
	out, readErr := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: in.TableName})
	if readErr != nil {
		return errors.Join(err, readErr)
	}
	if !reflect.DeepEqual(out.Table.KeySchema, in.KeySchema) {
		return fmt.Errorf("table %s has another key: %w", *in.TableName, err)
	}
	return nil
}

// CreateBus makes an event bus.
func CreateBus(ctx context.Context, cfg aws.Config, name string) error {
	_, err := eventbridge.NewFromConfig(cfg).CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: &name})
	var exists *eventtypes.ResourceAlreadyExistsException
	if errors.As(err, &exists) {
		return nil
	}
	return err
}

// CreateBucket makes a bucket.
func CreateBucket(ctx context.Context, cfg aws.Config, name string) error {
	_, err := s3.NewFromConfig(cfg).CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name})
	var ours *s3types.BucketAlreadyOwnedByYou
	if errors.As(err, &ours) {
		return nil
	}
	return err
}
