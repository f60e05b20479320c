//go:build e2e

package adapters_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"quickstep/shared/cloud/dynamodb"
	"quickstep/shared/ledger"
	"quickstep/shared/ledger/ledgertest"
	"quickstep/tests/cloud/emulator"
)

func TestLedger(t *testing.T) {
	t.Parallel()
	ledgertest.Exercise(t, func(t *testing.T) ledger.Store {
		name := fresh("ledger")
		key := func(name string, kind types.KeyType) types.KeySchemaElement {
			return types.KeySchemaElement{AttributeName: &name, KeyType: kind}
		}
		text := func(name string) types.AttributeDefinition {
			return types.AttributeDefinition{AttributeName: &name, AttributeType: types.ScalarAttributeTypeS}
		}
		client := api.NewFromConfig(config())
		if err := emulator.CreateTable(t.Context(), config(), &api.CreateTableInput{TableName: &name, BillingMode: types.BillingModePayPerRequest,
			KeySchema:            []types.KeySchemaElement{key("pk", types.KeyTypeHash), key("sk", types.KeyTypeRange)},
			AttributeDefinitions: []types.AttributeDefinition{text("pk"), text("sk")}}); err != nil {
			t.Fatal(err)
		}
		if s := must[*api.DescribeTableOutput](t)(client.DescribeTable(t.Context(), &api.DescribeTableInput{TableName: aws.String(name)})); s.Table.TableStatus != types.TableStatusActive {
			t.Fatalf("table %s is %s", name, s.Table.TableStatus)
		}
		return dynamodb.New(config(), name)
	})
}
