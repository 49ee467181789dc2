package dynamo_test

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"weir/lib/table"
	"weir/lib/table/dynamo"
	"weir/lib/table/tabletest"
	"weir/lib/table/tabletest/awstest"
)

func TestTablesThatExistAreLeftAlone(t *testing.T) {
	emulator(t)
	s := awstest.Open(t, tabletest.Schemas())
	w := table.Write{Table: "items", Key: theKey, Set: table.Item{"n": int64(1)}}
	if err := s.Do(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	if err := dynamo.CreateTables(t.Context(), s.Client, s.Prefix, tabletest.Schemas()); err != nil {
		t.Errorf("creating again: %v", err)
	}
	if it, err := s.Get(t.Context(), "items", theKey, true); err != nil || it["n"] != int64(1) {
		t.Errorf("the item is %v, %v after creating again", it, err)
	}
}

// TestNumbersOfOtherPrograms adds to a number that only DynamoDB can hold: the
// sum is refused although DynamoDB itself could say it.
func TestNumbersOfOtherPrograms(t *testing.T) {
	emulator(t)
	s := awstest.Open(t, tabletest.Schemas())
	for n, delta := range map[string]int64{"9223372036854775808": 1, "-9223372036854775809": -1, "12345678901234567890123": -1} {
		err := s.Raw(t.Context(), "items", map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: theKey.PK}, "sk": &types.AttributeValueMemberS{Value: theKey.SK},
			"n": &types.AttributeValueMemberN{Value: n},
		})
		if err != nil {
			t.Fatal(err)
		}
		w := table.Write{Kind: table.Update, Table: "items", Key: theKey, Add: map[string]int64{"n": delta}}
		if _, err := s.DoNew(t.Context(), w); !errors.Is(err, table.ErrInvalid) {
			t.Errorf("adding %d to %s: %v, want ErrInvalid", delta, n, err)
		}
		if _, err := s.Get(t.Context(), "items", theKey, true); !errors.Is(err, table.ErrInvalid) {
			t.Errorf("reading %s: %v, want ErrInvalid", n, err)
		}
	}
}
