// Package meter measures a call's usage from its stream of events: the same
// way for relayed and translated answers, streamed and not.
package meter

import (
	"weir/lib/accounting/ledger"
	"weir/lib/llm"
)

// Meter takes one attempt's events. The zero Meter is ready. Not safe for
// concurrent use.
type Meter struct {
	used     llm.Usage
	reported bool
	out      int64 // estimated tokens of the output seen
	finished bool
}

var _ = ledger.UsageNone
