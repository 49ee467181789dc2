package sqlite

import (
	"context"
	"errors"
	"fmt"

	engine "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"weir/lib/table"
)

// code returns the engine's primary result code, 0 where err has none.
func code(err error) int {
	if e, ok := errors.AsType[*engine.Error](err); ok {
		return e.Code() & 0xff
	}
	return 0
}

// failed turns an engine's error into one of the port's. undone says that the
// transaction is known to be rolled back.
func failed(err error, undone bool) error {
	switch {
	case err == nil:
		return nil
	case isPort(err):
		return err
	}
	switch code(err) {
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		return fmt.Errorf("%w: the store is locked by another process: %w", table.ErrThrottled, err)
	case lib.SQLITE_FULL:
		if undone {
			return fmt.Errorf("%w: the disk is full: make room: %w", table.ErrThrottled, err)
		}
	case lib.SQLITE_READONLY:
		return fmt.Errorf("%w: the store became read-only: %w", table.ErrThrottled, err)
	}
	if undone {
		return fmt.Errorf("%w: nothing was written: %w", table.ErrThrottled, err)
	}
	return fmt.Errorf("%w: %w", table.ErrUnknown, err)
}

func isPort(err error) bool {
	for _, e := range []error{
		table.ErrCondition, table.ErrConflict, table.ErrThrottled, table.ErrUnknown, table.ErrTooLarge,
		table.ErrOverflow, table.ErrInvalid, context.Canceled, context.DeadlineExceeded,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
