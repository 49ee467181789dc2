// Package awstest opens stores on a DynamoDB that a test may use: an emulator
// whose address is in an environment variable. It is apart from tabletest so
// that tests of SQLite do not build the AWS SDK.
package awstest

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"weir/lib/table"
	"weir/lib/table/dynamo"
	"weir/lib/table/layout"
)

// EndpointVar names the environment variable with the emulator's address, such
// as http://127.0.0.1:4566. `make test-aws` sets it; elsewhere it is not set,
// and only SQLite is tested.
const EndpointVar = "WEIR_TEST_DYNAMODB"

// NoopVar names the variable that is set where the emulator's streams also tell
// of writes that changed nothing, as dynoxide's do.
const NoopVar = "WEIR_TEST_DYNAMODB_NOOP_CHANGES"

// NoopChanges reports whether the emulator has that flaw.
func NoopChanges() bool { return os.Getenv(NoopVar) != "" }

// Endpoint returns the emulator's address; ok is false where none is asked for.
func Endpoint() (addr string, ok bool) {
	addr = os.Getenv(EndpointVar)
	return addr, addr != ""
}

// Config returns the SDK's configuration for the emulator. A test that asks
// for it where there is none fails.
func Config(t testing.TB) aws.Config {
	t.Helper()
	addr, ok := Endpoint()
	if !ok {
		t.Fatalf("this test needs a DynamoDB emulator: run `make test-aws`, or set %s to one's address", EndpointVar)
	}
	return aws.Config{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(addr),
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient:   wholeBody{client: &http.Client{Timeout: requestTimeout}},
	}
}

// requestTimeout makes an emulator that hangs a failure.
const requestTimeout = 30 * time.Second

// wholeBody sends requests whose bodies are in memory. The SDK closes a
// request's body as soon as it has an answer, which against a fast local
// server makes the transport give up a connection whose answer is still being
// read.
type wholeBody struct{ client *http.Client }

// Do sends req.
func (w wholeBody) Do(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		if err := req.Body.Close(); err != nil {
			return nil, err
		}
		req = req.Clone(req.Context())
		req.Body = io.NopCloser(bytes.NewReader(body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	}
	return w.client.Do(req) //nolint:gosec // to the emulator that the developer names
}

// Store is a fresh set of tables in the emulator.
type Store struct {
	*dynamo.DB
	Client *dynamodb.Client
	Prefix string
}

// Open returns a store with fresh tables of these schemas; they are deleted
// when the test ends. An emulator that cannot be reached fails the test.
func Open(t testing.TB, schemas []table.Schema) *Store {
	t.Helper()
	client := dynamodb.NewFromConfig(Config(t))
	prefix := "test-" + rand.Text()[:12]
	if err := dynamo.CreateTables(t.Context(), client, prefix, schemas); err != nil {
		t.Fatalf("the DynamoDB emulator does not make tables: %v", err)
	}
	t.Cleanup(func() { drop(t, client, prefix, schemas) })
	db, err := dynamo.New(client, prefix, schemas)
	if err != nil {
		t.Fatal(err)
	}
	return &Store{DB: db, Client: client, Prefix: prefix}
}

// DynamoDB returns a fresh store with the gateway's tables.
func DynamoDB(t testing.TB) table.Table {
	t.Helper()
	return Open(t, layout.All())
}

// drop deletes tables, so that the emulator does not grow with every test.
func drop(t testing.TB, client *dynamodb.Client, prefix string, schemas []table.Schema) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), requestTimeout)
	defer cancel()
	for _, s := range schemas {
		_, err := client.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: aws.String(dynamo.TableName(prefix, s.Name))})
		if err != nil {
			t.Errorf("deleting the table of a test: %v", err)
		}
	}
}

// Raw writes attributes that the port cannot write, as another program may.
func (s *Store) Raw(ctx context.Context, name string, item map[string]types.AttributeValue) error {
	_, err := s.Client.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(dynamo.TableName(s.Prefix, name)), Item: item})
	if err != nil {
		return fmt.Errorf("awstest: %w", err)
	}
	return nil
}
