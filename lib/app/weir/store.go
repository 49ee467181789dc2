package weir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"weir/lib/accounting/costs"
	"weir/lib/accounting/ledger"
	"weir/lib/admission/keys"
	"weir/lib/bus/letters"
	"weir/lib/cli"
	"weir/lib/table"
	"weir/lib/table/dynamo"
	"weir/lib/table/layout"
	"weir/lib/table/sqlite"
)

// openStore opens what commands work on.
func openStore(ctx context.Context, ref cli.StoreRef, create bool) (*cli.Store, error) {
	tb, closeTable, err := openTable(ctx, ref, create)
	if err != nil {
		return nil, err
	}
	return &cli.Store{
		Keys:    keyring{keys.NewStore(tb, time.Now), ref.Dir},
		Calls:   ledger.New(tb),
		Costs:   costs.NewReader(tb),
		Letters: letters.New(tb),
		Close:   closeTable,
	}, nil
}

// openTable opens the store that ref names with the driver it needs.
func openTable(ctx context.Context, ref cli.StoreRef, create bool) (table.Table, func() error, error) {
	if ref.Dir == "" {
		tb, err := openDynamo(ctx, ref.Prefix)
		return tb, func() error { return nil }, err
	}
	if !create {
		if _, err := os.Stat(ref.Dir); errors.Is(err, fs.ErrNotExist) {
			return nil, nil, fmt.Errorf("there is no store in %s: start weir local here first, or name another store with --store", ref.Dir)
		}
	}
	db, err := sqlite.Open(ref.Dir, layout.All(), sqlite.Options{}) //nolint:contextcheck // opening bounds itself
	if err != nil {
		return nil, nil, err
	}
	return db, db.Close, nil
}

// probe is a key that no item has.
var probe = table.Key{PK: "probe", SK: "probe"}

// probeTime bounds the first call to DynamoDB, so that a wrong endpoint or
// missing credentials are told soon.
const probeTime = 10 * time.Second

func openDynamo(ctx context.Context, prefix string) (table.Table, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("the AWS configuration cannot be read: %w", err)
	}
	if cfg.Region == "" {
		return nil, errors.New("no AWS region is set: set AWS_REGION, or choose the embedded store with --store embedded:DIR")
	}
	db, err := dynamo.New(dynamodb.NewFromConfig(cfg), prefix, layout.All())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	if _, err := db.Get(ctx, layout.State, probe, false); err != nil {
		return nil, fmt.Errorf("the table %s in %s cannot be read (%w): check the prefix, AWS_REGION, AWS_PROFILE and AWS_ENDPOINT_URL",
			dynamo.TableName(prefix, layout.State), cfg.Region, err)
	}
	return db, nil
}
