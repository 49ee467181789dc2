// Package dynamo is the table port on DynamoDB. Each call of the port is one
// call of DynamoDB. It promises what table/sqlite promises, by the same suite.
//
// Writes are sent once. The SDK would repeat a write whose answer was lost,
// and an ADD would then count twice without a word; here a lost answer is
// table.ErrUnknown and the caller decides, since only the caller knows what a
// second time means. Reads are repeated by the SDK.
package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"weir/lib/table"
)

// API is what the driver needs of DynamoDB; *dynamodb.Client has it.
type API interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
}

// DB is a store in DynamoDB. It is safe for concurrent use.
type DB struct {
	api    API
	prefix string
	check  *table.Checker
}

var _ table.Table = (*DB)(nil)

// New returns the store whose tables are called "prefix-name" for each schema.
func New(api API, prefix string, schemas []table.Schema) (*DB, error) {
	check, err := table.NewChecker(schemas)
	if err != nil {
		return nil, fmt.Errorf("dynamo: %w", err)
	}
	return &DB{api: api, prefix: prefix, check: check}, nil
}

// TableName returns what a table is called in DynamoDB.
func TableName(prefix, name string) string { return prefix + "-" + name }

func (db *DB) name(name string) *string { return aws.String(TableName(db.prefix, name)) }

// once turns the SDK's own repetition off; see the package comment.
func once(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} }

// again is how reads are repeated: quickly and not for long, because a call
// waits for them.
func again(o *dynamodb.Options) {
	o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = readAttempts
		o.MaxBackoff = readBackoff
	})
}

// Get returns an item, nil where there is none.
func (db *DB) Get(ctx context.Context, name string, k table.Key, fresh bool) (table.Item, error) {
	if err := db.check.Key(name, k); err != nil {
		return nil, err
	}
	out, err := db.api.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: db.name(name), Key: keyValues(k), ConsistentRead: aws.Bool(fresh),
	}, again)
	if err != nil {
		return nil, readError(ctx, "GetItem", err)
	}
	return fromValues(out.Item)
}

// Do applies w.
func (db *DB) Do(ctx context.Context, w table.Write) error {
	if err := db.check.Write(w); err != nil {
		return err
	}
	_, err := db.write(ctx, w, false)
	return err
}

// DoNew applies w and returns the item after it.
func (db *DB) DoNew(ctx context.Context, w table.Write) (table.Item, error) {
	if err := db.check.WriteNew(w); err != nil {
		return nil, err
	}
	return db.write(ctx, w, true)
}
