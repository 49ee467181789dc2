package events

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// ErrVersion says that a detail is of a version that this program does not
// read: a newer program wrote it.
var ErrVersion = errors.New("events: unknown version")

// InvalidError says which members of an event cannot be used, and why: all of
// them, not the first.
type InvalidError struct {
	Type     string // detail type
	Problems []Problem
}

// Problem is what is wrong with one member. Member is its name, with those
// around it: tokens.input.
type Problem struct{ Member, Why string }

// Error names every member.
func (e *InvalidError) Error() string {
	texts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		texts[i] = p.Member + " " + p.Why
	}
	return fmt.Sprintf("events: %s: %s", e.Type, strings.Join(texts, "; "))
}

// problems collects what is wrong.
type problems []Problem

func (p *problems) add(member, format string, args ...any) {
	*p = append(*p, Problem{Member: member, Why: fmt.Sprintf(format, args...)})
}

// err returns nil when nothing is wrong.
func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return &InvalidError{Type: TypeUsageRecordedV1, Problems: p}
}

// neededV1 are the members without which a call cannot be counted, or could be
// counted wrongly. The schema requires more; a reader lets that pass.
var neededV1 = []string{
	"version", "call_id", "state", "outcome", "day", "team", "app", "use_case", "provider", "model",
	"tokens", "usage_source", "cost_nano_usd",
}

// DecodeUsageRecordedV1 reads the detail of an event of TypeUsageRecordedV1.
// Members it does not know are ignored. A version other than 1 is ErrVersion;
// a member that is needed and missing, of another type, or against Check is
// named in an *InvalidError. Neither becomes better by repetition.
func DecodeUsageRecordedV1(detail []byte) (UsageRecordedV1, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(detail, &members); err != nil || members == nil {
		return UsageRecordedV1{}, problems{{Member: "detail", Why: "is no JSON object"}}.err()
	}
	var version json.Number
	if err := json.Unmarshal(members["version"], &version); err == nil && version != "1" && version != "" {
		return UsageRecordedV1{}, fmt.Errorf("%w: %s has version %s, this program reads 1: use a newer one", ErrVersion, TypeUsageRecordedV1, version)
	}
	var bad problems
	for _, name := range neededV1 {
		v, there := members[name]
		switch {
		case !there:
			bad.add(name, "is missing")
		case string(v) == "null" && name != "cost_nano_usd":
			bad.add(name, "is null")
		}
	}
	var e UsageRecordedV1
	if err := json.Unmarshal(detail, &e); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			bad.add(wrong.Field, "is a %s that cannot be read as %s", wrong.Value, wrong.Type)
		} else {
			bad.add("detail", "cannot be read: %v", err)
		}
	}
	if len(bad) > 0 {
		return UsageRecordedV1{}, bad.err()
	}
	if err := e.Check(); err != nil {
		return UsageRecordedV1{}, err
	}
	return e, nil
}

// Check refuses an event that must not be counted: an *InvalidError names each
// member that has no meaning. Amounts may be negative in corrections only.
func (e UsageRecordedV1) Check() error {
	var bad problems
	if e.Version != 1 {
		bad.add("version", "is %d, not 1", e.Version)
	}
	if !isID(e.CallID) {
		bad.add("call_id", "is %q, not 1 to %d visible ASCII characters", e.CallID, maxID)
	}
	if e.State != StateSettled && e.State != StateRefused {
		bad.add("state", "is %q, not %s or %s", e.State, StateSettled, StateRefused)
	}
	if e.Outcome == "" {
		bad.add("outcome", "is empty")
	}
	if !isDay(e.Day) {
		bad.add("day", "is %q, not a date such as 2026-11-22", e.Day)
	}
	if e.Team == "" {
		bad.add("team", "is empty")
	}
	if e.Emit < 0 {
		bad.add("emit", "is %d, and cannot be negative", e.Emit)
	}
	if e.Corrects != "" {
		e.checkCorrection(&bad)
	} else {
		e.checkAmounts(&bad)
	}
	return bad.err()
}

func (e UsageRecordedV1) checkCorrection(bad *problems) {
	switch {
	case !isID(e.Corrects):
		bad.add("corrects", "is %q, not 1 to %d visible ASCII characters", e.Corrects, maxID)
	case e.Corrects == e.CallID:
		bad.add("corrects", "is the event's own call_id")
	case e.State == StateRefused:
		bad.add("corrects", "stands beside the state %s: only settled calls are corrected", StateRefused)
	}
}

func (e UsageRecordedV1) checkAmounts(bad *problems) {
	t := e.Tokens
	for _, a := range []struct {
		name string
		n    int64
	}{
		{"tokens.input", t.Input},
		{"tokens.cache_read", t.CacheRead},
		{"tokens.cache_write_5m", t.CacheWrite5m},
		{"tokens.cache_write_1h", t.CacheWrite1h},
		{"tokens.audio_input", t.AudioInput},
		{"tokens.output", t.Output},
		{"tokens.audio_output", t.AudioOutput},
		{"tokens.reasoning", t.Reasoning},
		{"saved_nano_usd", e.SavedNanoUSD},
	} {
		if a.n < 0 {
			bad.add(a.name, "is %d, and only a correction may be negative", a.n)
		}
	}
	if e.CostNanoUSD != nil && *e.CostNanoUSD < 0 {
		bad.add("cost_nano_usd", "is %d, and only a correction may be negative", *e.CostNanoUSD)
	}
	for _, unit := range slices.Sorted(maps.Keys(e.Units)) {
		if n := e.Units[unit]; n < 0 {
			bad.add("units."+unit, "is %d, and only a correction may be negative", n)
		}
	}
}

const maxID = 64

// isID reports whether id can be that of a ledger row.
func isID(id string) bool {
	for _, c := range []byte(id) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return id != "" && len(id) <= maxID
}

func isDay(day string) bool {
	_, err := time.Parse(time.DateOnly, day)
	return err == nil
}
