package dynamo

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"weir/lib/table"
)

type values = map[string]types.AttributeValue

func keyValues(k table.Key) values {
	return values{
		table.PK: &types.AttributeValueMemberS{Value: k.PK},
		table.SK: &types.AttributeValueMemberS{Value: k.SK},
	}
}

func toValue(v any) types.AttributeValue {
	switch v := v.(type) {
	case string:
		return &types.AttributeValueMemberS{Value: v}
	case int64:
		return &types.AttributeValueMemberN{Value: strconv.FormatInt(v, 10)}
	case bool:
		return &types.AttributeValueMemberBOOL{Value: v}
	case []byte:
		return &types.AttributeValueMemberB{Value: v}
	default: // a table.Checker has refused it
		return &types.AttributeValueMemberNULL{Value: true}
	}
}

// fromValues turns an item around; no attributes are no item. What the port
// cannot hold is an error: dropping it would lose it at the next Put.
func fromValues(vs values) (table.Item, error) {
	if len(vs) == 0 {
		return nil, nil
	}
	it := make(table.Item, len(vs))
	for name, v := range vs {
		switch v := v.(type) {
		case *types.AttributeValueMemberS:
			it[name] = v.Value
		case *types.AttributeValueMemberBOOL:
			it[name] = v.Value
		case *types.AttributeValueMemberB:
			it[name] = orEmpty(v.Value)
		case *types.AttributeValueMemberN:
			n, err := parseNumber(v.Value)
			if err != nil {
				return nil, badItem(vs, name, err)
			}
			it[name] = n
		default:
			return nil, badItem(vs, name, fmt.Errorf("a %T", v))
		}
	}
	return it, nil
}

func orEmpty(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func badItem(vs values, attr string, err error) error {
	var k table.Key
	if s, ok := vs[table.PK].(*types.AttributeValueMemberS); ok {
		k.PK = s.Value
	}
	if s, ok := vs[table.SK].(*types.AttributeValueMemberS); ok {
		k.SK = s.Value
	}
	return fmt.Errorf("%w: item %s/%s was written by another program: attribute %s: %w",
		table.ErrInvalid, k.PK, k.SK, attr, err)
}

var errNumber = errors.New("a number that is no 64-bit integer")

// parseNumber reads a DynamoDB number, 38 digits with an exponent, as int64.
func parseNumber(s string) (int64, error) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, nil
	}
	// 1E+3 and 5.0 are integers, too.
	if !strings.ContainsAny(s, ".eE") {
		return 0, errNumber
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok || !r.IsInt() || !r.Num().IsInt64() {
		return 0, errNumber
	}
	return r.Num().Int64(), nil
}
