package awstest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"weir/lib/table"
	"weir/lib/table/dynamo"
)

// Feeder reads a table's stream as Lambda's event source mapping would and
// hands it to a Sink through dynamo.Changes. It keeps its place in memory and
// is for tests only: the product has no such reader.
type Feeder struct {
	store   *Store
	streams *dynamodbstreams.Client
	mu      sync.Mutex
	places  map[string]*place
}

// NewFeeder returns the feeder of a store.
func NewFeeder(s *Store, cfg aws.Config) *Feeder {
	return &Feeder{store: s, streams: dynamodbstreams.NewFromConfig(cfg), places: map[string]*place{}}
}

// place is where a consumer stands in a table's shards.
type place struct {
	arn   string
	after map[string]string // shard → last sequence number done
}

// streamPoll is how long an empty stream is left alone.
const streamPoll = 50 * time.Millisecond

// Feed delivers until ctx ends, as table.Feeder says.
func (f *Feeder) Feed(ctx context.Context, name, consumer string, sink table.Sink) error {
	p, err := f.place(ctx, name, consumer)
	for ctx.Err() == nil && err == nil {
		var more bool
		more, err = f.round(ctx, p, sink)
		if err == nil && !more {
			rest(ctx, streamPoll)
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (f *Feeder) place(ctx context.Context, name, consumer string) (*place, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := name + "/" + consumer
	if p, ok := f.places[id]; ok {
		return p, nil
	}
	out, err := f.store.Client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(dynamo.TableName(f.store.Prefix, name))})
	if err != nil {
		return nil, fmt.Errorf("awstest: stream of %s: %w", name, err)
	}
	if out.Table.LatestStreamArn == nil {
		return nil, fmt.Errorf("%w: table %q has no feed", table.ErrInvalid, name)
	}
	p := &place{arn: *out.Table.LatestStreamArn, after: map[string]string{}}
	f.places[id] = p
	return p, nil
}

// round reads each shard once.
func (f *Feeder) round(ctx context.Context, p *place, sink table.Sink) (more bool, err error) {
	out, err := f.streams.DescribeStream(ctx, &dynamodbstreams.DescribeStreamInput{StreamArn: aws.String(p.arn)})
	if err != nil {
		return false, fmt.Errorf("awstest: stream: %w", err)
	}
	for _, s := range out.StreamDescription.Shards {
		read, err := f.shard(ctx, p, *s.ShardId, sink)
		if err != nil {
			return false, err
		}
		more = more || read
	}
	return more, nil
}

func (f *Feeder) shard(ctx context.Context, p *place, shard string, sink table.Sink) (bool, error) {
	in := &dynamodbstreams.GetShardIteratorInput{
		StreamArn: aws.String(p.arn), ShardId: aws.String(shard), ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
	}
	if after := p.after[shard]; after != "" {
		in.ShardIteratorType, in.SequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, aws.String(after)
	}
	it, err := f.streams.GetShardIterator(ctx, in)
	if err != nil {
		return false, fmt.Errorf("awstest: shard %s: %w", shard, err)
	}
	out, err := f.streams.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: it.ShardIterator})
	if err != nil {
		return false, fmt.Errorf("awstest: shard %s: %w", shard, err)
	}
	if len(out.Records) == 0 {
		return false, nil
	}
	event, err := lambdaEvent(p.arn, out.Records)
	if err != nil {
		return false, err
	}
	changes, unread := dynamo.Changes(event, f.store.Prefix)
	if len(unread) > 0 {
		return false, unread[0].Err
	}
	if len(changes) == 0 {
		p.after[shard] = *out.Records[len(out.Records)-1].Dynamodb.SequenceNumber
		return true, nil
	}
	done, err := sink(ctx, changes)
	if done > 0 {
		p.after[shard] = changes[done-1].Seq
	}
	if err != nil || done < len(changes) {
		rest(ctx, streamPoll) // delivered again, as Lambda would
	}
	return true, nil
}

// lambdaEvent writes records as Lambda hands them to a function.
func lambdaEvent(arn string, rs []types.Record) (dynamo.Event, error) {
	var e dynamo.Event
	for _, r := range rs {
		body := map[string]any{
			"eventID": r.EventID, "eventName": r.EventName, "eventSource": "aws:dynamodb", "eventSourceARN": arn,
			"dynamodb": map[string]any{
				"SequenceNumber": r.Dynamodb.SequenceNumber, "Keys": image(r.Dynamodb.Keys),
				"OldImage": image(r.Dynamodb.OldImage), "NewImage": image(r.Dynamodb.NewImage),
			},
		}
		if r.UserIdentity != nil {
			body["userIdentity"] = map[string]any{"type": r.UserIdentity.Type, "principalId": r.UserIdentity.PrincipalId}
		}
		raw, err := json.Marshal(body)
		if err != nil {
			return e, fmt.Errorf("awstest: record: %w", err)
		}
		e.Records = append(e.Records, raw)
	}
	return e, nil
}

func image(vs map[string]types.AttributeValue) map[string]any {
	if vs == nil {
		return nil
	}
	out := make(map[string]any, len(vs))
	for name, v := range vs {
		switch v := v.(type) {
		case *types.AttributeValueMemberS:
			out[name] = map[string]any{"S": v.Value}
		case *types.AttributeValueMemberN:
			out[name] = map[string]any{"N": v.Value}
		case *types.AttributeValueMemberBOOL:
			out[name] = map[string]any{"BOOL": v.Value}
		case *types.AttributeValueMemberB:
			b := v.Value
			if b == nil {
				b = []byte{} // an empty value, not none
			}
			out[name] = map[string]any{"B": b}
		default:
			out[name] = map[string]any{"NULL": true}
		}
	}
	return out
}
