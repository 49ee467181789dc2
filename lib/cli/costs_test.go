package cli

import (
	"slices"
	"strings"
	"testing"

	"weir/lib/accounting/costs"
)

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
