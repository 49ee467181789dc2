package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// parseDuration reads spans as people write them: 90d, 2w, 1h30m, 10s. Days
// have 24 hours and weeks 7 days. A span is longer than zero.
func parseDuration(s string) (time.Duration, error) {
	bad := fmt.Errorf("%q is no span of time: write a number with a unit, such as 10m, 1h30m, 90d or 2w", s)
	var total time.Duration
	for rest := s; rest != ""; {
		end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if end <= 0 {
			return 0, bad
		}
		n, err := strconv.ParseInt(rest[:end], 10, 64)
		if err != nil {
			return 0, bad
		}
		unit, size, ok := cutUnit(rest[end:])
		if !ok || n > int64((math.MaxInt64-total)/unit) {
			return 0, bad
		}
		total += time.Duration(n) * unit
		rest = rest[end+size:]
	}
	if total <= 0 {
		return 0, bad
	}
	return total, nil
}

func cutUnit(s string) (unit time.Duration, size int, ok bool) {
	if s == "" {
		return 0, 0, false
	}
	switch s[0] {
	case 's':
		return time.Second, 1, true
	case 'm':
		return time.Minute, 1, true
	case 'h':
		return time.Hour, 1, true
	case 'd':
		return 24 * time.Hour, 1, true
	case 'w':
		return 7 * 24 * time.Hour, 1, true
	}
	return 0, 0, false
}

// parseSince reads how far back to look: a span before now, a day, or an
// instant.
func parseSince(s string, now time.Time) (time.Time, error) {
	if d, err := parseDuration(s); err == nil {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time: write a span such as 1h or 7d, a day such as 2026-11-25, or an instant such as 2026-11-25T08:00:00Z", s)
}
