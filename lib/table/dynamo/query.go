package dynamo

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"weir/lib/table"
)

const (
	readAttempts = 3
	readBackoff  = 100 * time.Millisecond
)

// Query returns one page.
func (db *DB) Query(ctx context.Context, q table.Query) (table.Page, error) {
	x, from, err := db.check.Query(q)
	if err != nil {
		return table.Page{}, err
	}
	var e expr
	in := &dynamodb.QueryInput{
		TableName:              db.name(q.Table),
		KeyConditionExpression: e.keys(x, q),
		ScanIndexForward:       aws.Bool(!q.Desc),
		ConsistentRead:         aws.Bool(x.Name == ""),
	}
	in.ExpressionAttributeNames, in.ExpressionAttributeValues = e.names, e.values
	if x.Name != "" {
		in.IndexName = aws.String(x.Name)
	}
	if q.Limit > 0 {
		in.Limit = aws.Int32(int32(min(q.Limit, math.MaxInt32)))
	}
	if from != nil {
		in.ExclusiveStartKey = startKey(x, q.PK, *from)
	}
	out, err := db.api.Query(ctx, in, again)
	if err != nil {
		return table.Page{}, readError(ctx, "Query", err)
	}
	var p table.Page
	for _, vs := range out.Items {
		it, err := fromValues(vs)
		if err != nil {
			return table.Page{}, err
		}
		p.Items = append(p.Items, it)
	}
	if len(out.LastEvaluatedKey) > 0 {
		last, err := position(x, out.LastEvaluatedKey)
		if err != nil {
			return table.Page{}, err
		}
		p.Cursor = last.Cursor()
	}
	return p, nil
}

// keys returns the condition on an index's keys. DynamoDB takes one on the
// sort key.
func (e *expr) keys(x table.Index, q table.Query) *string {
	s := e.name(x.PK) + " = " + e.value(q.PK)
	switch {
	case q.Prefix != "":
		s += " AND begins_with(" + e.name(x.SK) + ", " + e.value(q.Prefix) + ")"
	case q.From != "" && q.To != "":
		s += " AND " + e.name(x.SK) + " BETWEEN " + e.value(q.From) + " AND " + e.value(q.To)
	case q.From != "":
		s += " AND " + e.name(x.SK) + " >= " + e.value(q.From)
	case q.To != "":
		s += " AND " + e.name(x.SK) + " <= " + e.value(q.To)
	}
	return &s
}

func startKey(x table.Index, pk string, p table.Position) values {
	vs := keyValues(p.Key)
	vs[x.PK] = &types.AttributeValueMemberS{Value: pk}
	vs[x.SK] = &types.AttributeValueMemberS{Value: p.Sort}
	return vs
}

func position(x table.Index, vs values) (table.Position, error) {
	it, err := fromValues(vs)
	if err != nil {
		return table.Position{}, err
	}
	var p table.Position
	var ok [3]bool
	p.Sort, ok[0] = it[x.SK].(string)
	p.Key.PK, ok[1] = it[table.PK].(string)
	p.Key.SK, ok[2] = it[table.SK].(string)
	if ok != [3]bool{true, true, true} {
		return p, fmt.Errorf("%w: DynamoDB's last key lacks parts", table.ErrUnknown)
	}
	return p, nil
}
