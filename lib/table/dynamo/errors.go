package dynamo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"weir/lib/table"
)

// Codes of DynamoDB's errors and of the reasons of a cancelled transaction.
// Source: docs.aws.amazon.com/amazondynamodb/latest/developerguide/
// Programming.Errors.html and APIReference/API_CancellationReason.html, read
// 2026-11-25.
var codes = map[string]error{
	"ProvisionedThroughputExceededException": table.ErrThrottled,
	"ProvisionedThroughputExceeded":          table.ErrThrottled,
	"ThrottlingException":                    table.ErrThrottled,
	"ThrottlingError":                        table.ErrThrottled,
	"RequestLimitExceeded":                   table.ErrThrottled,
	"LimitExceededException":                 table.ErrThrottled,

	"TransactionConflictException":     table.ErrConflict,
	"TransactionConflict":              table.ErrConflict,
	"TransactionInProgressException":   table.ErrConflict,
	"ReplicatedWriteConflictException": table.ErrConflict,

	"ItemCollectionSizeLimitExceededException": table.ErrTooLarge,
	"ItemCollectionSizeLimitExceeded":          table.ErrTooLarge,
}

// classify returns the port's error for one of DynamoDB's or the SDK's. With
// no answer at all, or one of a server that failed, the write may have
// happened.
func classify(err error) error {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		if e, ok := codes[api.ErrorCode()]; ok {
			return e
		}
		if strings.HasSuffix(api.ErrorCode(), "ValidationException") {
			return invalid(api.ErrorMessage())
		}
	}
	if answer, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		status := answer.HTTPStatusCode()
		if status >= http.StatusBadRequest && status < http.StatusInternalServerError {
			return table.ErrInvalid
		}
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return table.ErrThrottled // nobody was reached, so nothing happened
	}
	return table.ErrUnknown
}

// invalid tells an item that grew too large from other refused calls.
// DynamoDB has one code for both and nothing but the text to tell them apart;
// everything else in it is checked before the call is made.
func invalid(text string) error {
	if strings.Contains(strings.ToLower(text), "size") {
		return table.ErrTooLarge
	}
	return table.ErrInvalid
}

// readError names the failed read. A read that ended with its context is the
// context's error: nothing can have happened.
func readError(ctx context.Context, op string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("dynamo: %s: %w", op, ctx.Err())
	}
	return fmt.Errorf("%w: %s: %w", classify(err), op, err)
}

// writeError turns the error of a single write around.
func writeError(ctx context.Context, w table.Write, err error) error {
	if refused, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		return refusal(w, 0, refused.Item)
	}
	return unanswered(ctx, err)
}

// unanswered classifies what is no refusal. A context that ended while the
// write was under way leaves its fate open.
func unanswered(ctx context.Context, err error) error {
	kind := classify(err)
	if ctx.Err() != nil && errors.Is(kind, table.ErrUnknown) {
		return fmt.Errorf("%w: %w: %w", kind, ctx.Err(), err)
	}
	return fmt.Errorf("%w: %w", kind, err)
}

// refusal says why a write was refused, by the item that refused it: because
// of its own tests, or because of those that condition added.
func refusal(w table.Write, index int, vs values) error {
	old, err := fromValues(vs)
	if err != nil {
		return err
	}
	_, err = table.Apply(old, w)
	var own *table.ConditionError
	if err != nil && !errors.As(err, &own) {
		return err
	}
	return &table.ConditionError{Failed: []table.Failed{{Index: index, Key: w.Key, Old: old}}}
}

// transactError turns the error of a transaction around. Refused conditions
// come first, all of them; then what else was wrong with a write; then busy
// items.
func transactError(ctx context.Context, ws []table.Write, err error) error {
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) {
		return unanswered(ctx, err)
	}
	refused := &table.ConditionError{}
	var other, busy error
	for i, r := range cancelled.CancellationReasons {
		if r.Code == nil || *r.Code == "None" || i >= len(ws) {
			continue
		}
		e := reason(ws[i], i, r)
		var c *table.ConditionError
		switch {
		case errors.As(e, &c):
			refused.Failed = append(refused.Failed, c.Failed...)
		case errors.Is(e, table.ErrConflict) || errors.Is(e, table.ErrThrottled):
			busy = firstOf(busy, e)
		default:
			other = firstOf(other, e)
		}
	}
	switch {
	case len(refused.Failed) > 0:
		return refused
	case other != nil:
		return other
	case busy != nil:
		return busy
	}
	// A cancelled transaction did not happen, whatever the reason.
	return fmt.Errorf("%w: cancelled without a reason: %w", table.ErrConflict, err)
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// reason turns the reason of one write around.
func reason(w table.Write, i int, r types.CancellationReason) error {
	text := ""
	if r.Message != nil {
		text = *r.Message
	}
	switch code := *r.Code; {
	case code == "ConditionalCheckFailed":
		err := refusal(w, i, r.Item)
		if errors.Is(err, table.ErrCondition) {
			return err
		}
		return fmt.Errorf("write %d: %w", i, err)
	case code == "ValidationError":
		return fmt.Errorf("write %d: %w: %s", i, invalid(text), text)
	case codes[code] != nil:
		return fmt.Errorf("write %d: %w: %s", i, codes[code], text)
	default:
		return fmt.Errorf("write %d: %w: %s: %s", i, table.ErrConflict, code, text)
	}
}
