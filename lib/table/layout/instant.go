package layout

import (
	"fmt"
	"hash/fnv"
	"time"
)

// instant has a fixed width, so that instants sort as texts.
const instant = "2006-01-02T15:04:05.000Z"

// Instant writes t in UTC, to the millisecond below, as
// 2026-11-22T10:00:00.000Z. The zero time is "".
func Instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(instant)
}

// ParseInstant is the inverse of Instant.
func ParseInstant(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(instant, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is not an instant such as %s", s, instant)
	}
	return t, nil
}

// Shard is the shard of a call in the indexes of the ledger.
func Shard(callID string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(callID)) // a hash never fails
	sum := h.Sum32()
	return int((sum>>16 ^ sum) % Shards) // the low bits alone mix badly
}

// LivePK is a partition of the index Live.
func LivePK(shard int) string { return fmt.Sprintf("live#%02d", shard) }

// LiveSK is the place in the index Live of a row that is due at the given time.
func LiveSK(due time.Time, callID string) string { return Instant(due) + "#" + Part(callID) }

// HourPK is a partition of the index Recent: the hour of t in UTC.
func HourPK(t time.Time, shard int) string {
	return fmt.Sprintf("%s#%02d", t.UTC().Format("2006-01-02T15"), shard)
}
