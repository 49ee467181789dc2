package dynamo_test

import (
	"testing"

	"weir/lib/table"
	"weir/lib/table/tabletest"
	"weir/lib/table/tabletest/awstest"
)

func open(t *testing.T, schemas []table.Schema) tabletest.Harness {
	s := awstest.Open(t, schemas)
	return tabletest.Harness{Table: s, Feeder: awstest.NewFeeder(s, awstest.Config(t)), NoopChanges: awstest.NoopChanges()}
}

// emulator skips a test that needs DynamoDB where none was asked for. Where one
// was asked for and is not there, the test fails.
func emulator(t *testing.T) {
	t.Helper()
	if _, ok := awstest.Endpoint(); !ok {
		t.Skipf("no emulator asked for: `make test-aws` starts one and sets %s", awstest.EndpointVar)
	}
}

func TestContract(t *testing.T) {
	emulator(t)
	tabletest.Run(t, open)
}

func TestRandom(t *testing.T) {
	emulator(t)
	tabletest.Random(t, open)
}
