package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"weir/lib/accounting/costs"
)

// asked notes what report is asked for.
type asked struct{ costs.Filter }

func (a *asked) Report(_ context.Context, f costs.Filter, _ []string) (costs.Report, error) {
	a.Filter = f
	return costs.Report{}, nil
}

// Without a period the month is the one in which a call would be booked now:
// that of the billing zone.
func TestThisMonthIsThatOfTheBillingZone(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "gateway.yaml")
	config := "version: 1\nproviders: { echo: { kind: echo } }\nmodels: { echo: echo/echo }\nsettings: { billing_zone: Asia/Tokyo }\n"
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	evening := time.Date(2026, 11, 30, 20, 0, 0, 0, time.UTC) // the first of December in Tokyo
	for args, want := range map[string]string{
		"costs":                                  "2026-11",
		"costs --config " + file:                 "2026-12",
		"costs --month 2026-10 --config " + file: "2026-10",
		"costs --month 2026-10 --config missing": "2026-10", // nothing is read that is not needed
	} {
		var got asked
		var stdout, stderr bytes.Buffer
		p := &Program{
			LookupEnv: func(string) (string, bool) { return "", false }, Stdout: &stdout, Stderr: &stderr,
			Now: func() time.Time { return evening },
			OpenStore: func(context.Context, StoreRef, bool) (*Store, error) {
				return &Store{Costs: &got, Close: func() error { return nil }}, nil
			},
		}
		if status := p.Run(t.Context(), strings.Fields(args)); status != exitDone || got.Month != want {
			t.Errorf("weir %s: status %d, month %q, want %q: %s", args, status, got.Month, want, &stderr)
		}
	}
}

// What is added to the cost tables is appended: the other columns stay where
// spreadsheets look for them.
func TestNewColumnsAreAppended(t *testing.T) {
	t.Parallel()
	const first = "team,app,use_case,provider,model,calls,refused,errors,cache_hits,input,cache_read,cache_write_5m,cache_write_1h," +
		"audio_input,output,audio_output,reasoning,cost_nano_usd,saved_nano_usd,estimated_nano_usd,unpriced_calls,cost_usd"
	now := strings.Join(csvColumns(costs.Dimensions(), costs.Figures(), "cost_usd"), ",")
	if now != first && !strings.HasPrefix(now, first+",") {
		t.Errorf("the columns are %s, want at first %s", now, first)
	}
	later := csvColumns(slices.Concat(costs.Dimensions(), []string{"env"}), slices.Concat(costs.Figures(), []string{"video"}), "cost_usd")
	if got := strings.Join(later, ","); !strings.HasPrefix(got, first+",") || !strings.Contains(got, ",env") || !strings.HasSuffix(got, ",video") {
		t.Errorf("with another dimension and another figure they are %s", got)
	}
}
