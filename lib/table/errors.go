package table

import (
	"errors"
	"fmt"
)

// The errors of the port. Each says whether the write may have happened.
var (
	// ErrCondition: a condition failed; nothing happened. Always a
	// *ConditionError.
	ErrCondition = errors.New("table: condition failed")
	// ErrConflict: another transaction was at work; nothing happened. Try
	// again with jitter.
	ErrConflict = errors.New("table: transaction conflict")
	// ErrThrottled: the store is too busy or locked; nothing happened.
	ErrThrottled = errors.New("table: throttled")
	// ErrUnknown: no answer came (timeout, 5xx, connection lost); the write
	// may have happened.
	ErrUnknown = errors.New("table: no answer, may have happened")
	// ErrTooLarge: the item, a key or the transaction is over a limit.
	ErrTooLarge = errors.New("table: too large")
	// ErrOverflow: a sum would leave int64; nothing happened.
	ErrOverflow = errors.New("table: sum out of range")
	// ErrInvalid: the call itself is wrong, such as an attribute in two
	// clauses; nothing happened.
	ErrInvalid = errors.New("table: invalid call")
)

// ConditionError is a refused write or transaction. It lists every write that
// was refused, not the first one only, so that a batch can drop them all at
// once.
type ConditionError struct{ Failed []Failed }

// Failed is one refused write.
type Failed struct {
	Index int // place in the transaction; 0 for a single write
	Key   Key
	Old   Item // the item that refused; nil when there is none
}

// Error describes the refused writes by key.
func (e *ConditionError) Error() string {
	if len(e.Failed) == 1 {
		return fmt.Sprintf("%v: %s/%s", ErrCondition, e.Failed[0].Key.PK, e.Failed[0].Key.SK)
	}
	return fmt.Sprintf("%v: %d writes", ErrCondition, len(e.Failed))
}

// Is makes errors.Is(err, ErrCondition) true.
func (e *ConditionError) Is(target error) bool { return target == ErrCondition }
