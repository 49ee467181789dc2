package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"weir/lib/table"
)

// AdminAPI is what CreateTables needs of DynamoDB; *dynamodb.Client has it.
type AdminAPI interface {
	CreateTable(context.Context, *dynamodb.CreateTableInput, ...func(*dynamodb.Options)) (*dynamodb.CreateTableOutput, error)
	DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error)
	UpdateTimeToLive(context.Context, *dynamodb.UpdateTimeToLiveInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateTimeToLiveOutput, error)
}

// CreateTables makes the tables of the schemas and waits until they can be
// used. It is for emulators and tests: on AWS the stack makes them. A table
// that exists is left as it is.
func CreateTables(ctx context.Context, api AdminAPI, prefix string, schemas []table.Schema) error {
	var made []table.Schema
	for _, s := range schemas {
		_, err := api.CreateTable(ctx, createInput(prefix, s))
		if _, exists := errors.AsType[*types.ResourceInUseException](err); exists {
			continue
		}
		if err != nil {
			return fmt.Errorf("dynamo: creating table %s: %w", TableName(prefix, s.Name), err)
		}
		made = append(made, s)
	}
	for _, s := range made {
		if err := finish(ctx, api, prefix, s); err != nil {
			return fmt.Errorf("dynamo: creating table %s: %w", TableName(prefix, s.Name), err)
		}
	}
	return nil
}

// createTimeout bounds the wait for a new table.
const createTimeout = time.Minute

func finish(ctx context.Context, api AdminAPI, prefix string, s table.Schema) error {
	name := aws.String(TableName(prefix, s.Name))
	waiter := dynamodb.NewTableExistsWaiter(api, func(o *dynamodb.TableExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = 50*time.Millisecond, 2*time.Second
	})
	if err := waiter.Wait(ctx, &dynamodb.DescribeTableInput{TableName: name}, createTimeout); err != nil {
		return err
	}
	if !s.TTL {
		return nil
	}
	_, err := api.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName: name,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{
			AttributeName: aws.String(table.TTLAttr), Enabled: aws.Bool(true),
		},
	})
	return err
}

func createInput(prefix string, s table.Schema) *dynamodb.CreateTableInput {
	in := &dynamodb.CreateTableInput{
		TableName:   aws.String(TableName(prefix, s.Name)),
		BillingMode: types.BillingModePayPerRequest,
		KeySchema:   keySchema(table.PK, table.SK),
	}
	defined := map[string]bool{}
	define := func(attrs ...string) {
		for _, a := range attrs {
			if !defined[a] {
				defined[a] = true
				in.AttributeDefinitions = append(in.AttributeDefinitions,
					types.AttributeDefinition{AttributeName: aws.String(a), AttributeType: types.ScalarAttributeTypeS})
			}
		}
	}
	define(table.PK, table.SK)
	for _, x := range s.Indexes {
		define(x.PK, x.SK)
		projection := types.ProjectionTypeKeysOnly
		if x.Full {
			projection = types.ProjectionTypeAll
		}
		in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{
			IndexName: aws.String(x.Name), KeySchema: keySchema(x.PK, x.SK),
			Projection: &types.Projection{ProjectionType: projection},
		})
	}
	if s.Feed {
		in.StreamSpecification = &types.StreamSpecification{
			StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewAndOldImages,
		}
	}
	return in
}

func keySchema(pk, sk string) []types.KeySchemaElement {
	return []types.KeySchemaElement{
		{AttributeName: aws.String(pk), KeyType: types.KeyTypeHash},
		{AttributeName: aws.String(sk), KeyType: types.KeyTypeRange},
	}
}
