package gateway_test

import (
	"net/http/httptest"
	"testing"

	"weir/lib/money"
	"weir/lib/testkit/rig"
)

// Where an answer was made is priced as its provider says: inference in the
// United States costs 1.1 times the standard price, and so does what is faster
// there; a place that the book does not know costs the standard price, if the
// model has any other.
func TestCostOfTheRegionThatAnswered(t *testing.T) {
	c := &canned{}
	srv := httptest.NewServer(c)
	t.Cleanup(srv.Close)
	r := rig.Start(t, rig.Options{Config: `
version: 1
providers: { a: { kind: anthropic, base_url: ` + srv.URL + ` } }
models: { opus: a/claude-opus-5-5, haiku: a/claude-haiku-4-5 }
`})
	for _, tt := range []struct {
		model, usage string
		cost         money.NanoUSD
	}{
		{"opus", ``, 4_000_000 + 20_000_000},
		{"opus", `,"inference_geo":"global"`, 4_000_000 + 20_000_000},
		{"opus", `,"inference_geo":"us"`, 4_400_000 + 22_000_000},
		{"opus", `,"speed":"fast"`, 8_000_000 + 40_000_000},
		{"opus", `,"speed":"fast","inference_geo":"us"`, 8_800_000 + 44_000_000},
		{"opus", `,"inference_geo":"moon"`, 4_000_000 + 20_000_000},
		{"haiku", `,"inference_geo":"not_available"`, 1_000_000 + 5_000_000},
	} {
		c.answer(wholeType, `{"id":"m","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"a"}],"stop_reason":"end_turn","usage":{"input_tokens":1000,"output_tokens":1000`+tt.usage+`}}`)
		row := r.Row(r.Must(messagesPath, askAnthropic(tt.model, false)).CallID())
		if row.Unpriced || row.Cost != tt.cost {
			t.Errorf("%s%s: cost %d, unpriced %v; want %d", tt.model, tt.usage, row.Cost, row.Unpriced, tt.cost)
		}
	}
}
