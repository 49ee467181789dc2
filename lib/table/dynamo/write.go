package dynamo

import (
	"context"
	"maps"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"weir/lib/table"
)

const allOld = types.ReturnValuesOnConditionCheckFailureAllOld

// write sends one write and returns the item after it where it is wanted.
func (db *DB) write(ctx context.Context, w table.Write, wantNew bool) (table.Item, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var after values
	var err error
	switch w.Kind {
	case table.Put:
		in := db.put(w)
		_, err = db.api.PutItem(ctx, &dynamodb.PutItemInput{
			TableName: in.TableName, Item: in.Item, ConditionExpression: in.ConditionExpression,
			ExpressionAttributeNames: in.ExpressionAttributeNames, ExpressionAttributeValues: in.ExpressionAttributeValues,
			ReturnValuesOnConditionCheckFailure: allOld,
		}, once)
		after = in.Item
	case table.Update:
		in := db.update(w)
		req := &dynamodb.UpdateItemInput{
			TableName: in.TableName, Key: in.Key, UpdateExpression: in.UpdateExpression, ConditionExpression: in.ConditionExpression,
			ExpressionAttributeNames: in.ExpressionAttributeNames, ExpressionAttributeValues: in.ExpressionAttributeValues,
			ReturnValuesOnConditionCheckFailure: allOld,
		}
		if wantNew {
			req.ReturnValues = types.ReturnValueAllNew
		}
		var out *dynamodb.UpdateItemOutput
		if out, err = db.api.UpdateItem(ctx, req, once); err == nil {
			after = out.Attributes
		}
	case table.Delete, table.Check: // Check is refused before
		in := db.remove(w)
		_, err = db.api.DeleteItem(ctx, &dynamodb.DeleteItemInput{
			TableName: in.TableName, Key: in.Key, ConditionExpression: in.ConditionExpression,
			ExpressionAttributeNames: in.ExpressionAttributeNames, ExpressionAttributeValues: in.ExpressionAttributeValues,
			ReturnValuesOnConditionCheckFailure: allOld,
		}, once)
	}
	if err != nil {
		return nil, writeError(ctx, w, err)
	}
	if !wantNew {
		return nil, nil
	}
	return fromValues(after)
}

// Transact applies all writes or none.
func (db *DB) Transact(ctx context.Context, ws []table.Write) error {
	if err := db.check.Transact(ws); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	items := make([]types.TransactWriteItem, len(ws))
	for i, w := range ws {
		switch w.Kind {
		case table.Put:
			items[i].Put = db.put(w)
		case table.Update:
			items[i].Update = db.update(w)
		case table.Delete:
			items[i].Delete = db.remove(w)
		case table.Check:
			d := db.remove(w)
			items[i].ConditionCheck = &types.ConditionCheck{
				TableName: d.TableName, Key: d.Key, ConditionExpression: d.ConditionExpression,
				ExpressionAttributeNames: d.ExpressionAttributeNames, ExpressionAttributeValues: d.ExpressionAttributeValues,
				ReturnValuesOnConditionCheckFailure: allOld,
			}
		}
	}
	_, err := db.api.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: items}, once)
	if err != nil {
		return transactError(ctx, ws, err)
	}
	return nil
}

func (db *DB) put(w table.Write) *types.Put {
	var e expr
	cond := e.condition(w)
	item := make(values, len(w.Set)+2)
	for name, v := range w.Set {
		item[name] = toValue(v)
	}
	maps.Copy(item, keyValues(w.Key))
	return &types.Put{
		TableName: db.name(w.Table), Item: item, ConditionExpression: cond,
		ExpressionAttributeNames: e.names, ExpressionAttributeValues: e.values,
		ReturnValuesOnConditionCheckFailure: allOld,
	}
}

func (db *DB) update(w table.Write) *types.Update {
	var e expr
	cond := e.condition(w)
	return &types.Update{
		TableName: db.name(w.Table), Key: keyValues(w.Key), UpdateExpression: e.update(w), ConditionExpression: cond,
		ExpressionAttributeNames: e.names, ExpressionAttributeValues: e.values,
		ReturnValuesOnConditionCheckFailure: allOld,
	}
}

func (db *DB) remove(w table.Write) *types.Delete {
	var e expr
	cond := e.condition(w)
	return &types.Delete{
		TableName: db.name(w.Table), Key: keyValues(w.Key), ConditionExpression: cond,
		ExpressionAttributeNames: e.names, ExpressionAttributeValues: e.values,
		ReturnValuesOnConditionCheckFailure: allOld,
	}
}
