package cli

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseDuration(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for in, want := range map[string]time.Duration{
		"90d": 90 * day, "2w": 14 * day, "1h30m": 90 * time.Minute, "10s": 10 * time.Second, "1w1d1h1m1s": 8*day + time.Hour + time.Minute + time.Second,
		// refused
		"": 0, "0d": 0, "-1d": 0, "90": 0, "d": 0, "1x": 0, "1.5h": 0, "1 d": 0, "99999999999d": 0, "9999999999999999999s": 0, "90D": 0, "106751d106751d": 0,
	} {
		got, err := parseDuration(in)
		if got != want || (err == nil) != (want > 0) {
			t.Errorf("parseDuration(%q) = %v, %v; want %v", in, got, err, want)
		}
		if err != nil && !strings.Contains(err.Error(), "90d") {
			t.Errorf("%q: the error gives no example: %v", in, err)
		}
	}
}

// What time.Duration prints without fractions is read as the same span.
func TestParseDurationReadsWhatGoPrints(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(1, 1<<33).Draw(t, "seconds")) * time.Second
		if got, err := parseDuration(d.String()); got != d || err != nil {
			t.Fatalf("%v: %v, %v", d, got, err)
		}
	})
}

func TestParseSince(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for in, want := range map[string]string{
		"1h":                        "2026-11-25T11:00:00Z",
		"7d":                        "2026-11-18T12:00:00Z",
		"2026-11-01":                "2026-11-01T00:00:00Z",
		"2026-11-25T08:00:00+02:00": "2026-11-25T06:00:00Z",
		"yesterday":                 "",
		"2026-13-01":                "",
	} {
		got, err := parseSince(in, now)
		if (err != nil) != (want == "") || err == nil && got.Format(time.RFC3339) != want {
			t.Errorf("parseSince(%q) = %v, %v; want %q", in, got, err, want)
		}
	}
}

func TestParseStoreRef(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"embedded:.weir":                       "embedded:.weir",
		"embedded:C:\\weir":                    "embedded:C:\\weir",
		"dynamodb":                             "dynamodb:weir",
		"dynamodb:prod-weir":                   "dynamodb:prod-weir",
		"":                                     "",
		"embedded":                             "",
		"embedded:":                            "",
		"dynamodb:":                            "",
		"dynamodb:a/b":                         "",
		"postgres:x":                           "",
		".weir":                                "",
		"dynamodb:" + strings.Repeat("x", 201): "",
	} {
		got, err := ParseStoreRef(in)
		if (err != nil) != (want == "") || err == nil && got.String() != want {
			t.Errorf("ParseStoreRef(%q) = %v, %v; want %q", in, got, err, want)
		}
	}
}
