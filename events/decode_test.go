package events_test

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"weir/events"
)

// TestUnknownMembers: a reader of version 1 survives what later programs add.
func TestUnknownMembers(t *testing.T) {
	schema := compile(t, usageSchema)
	for name, data := range samples(t, events.TypeUsageRecordedV1) {
		t.Run(name, func(t *testing.T) {
			want, err := events.DecodeUsageRecordedV1(data)
			if err != nil {
				t.Fatal(err)
			}
			o := parse(t, data)
			o["region"], o["carbon"], o["nothing"] = "eu-west-1", map[string]any{"grams": 1.5, "call_id": 1}, nil
			tokens, _ := o["tokens"].(map[string]any)
			tokens["video_input"], tokens["note"] = 12, "new"
			got, err := events.DecodeUsageRecordedV1(o.bytes(t))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("read otherwise (-want +got):\n%s", diff)
			}
			if err := validate(t, schema, o.bytes(t)); err != nil {
				t.Errorf("the schema refuses it: %v", err)
			}
		})
	}
}

// TestMissingMembers: a member that is needed and missing is named; without
// one that is not, the call is still counted.
func TestMissingMembers(t *testing.T) {
	schema := compile(t, usageSchema)
	needed := []string{
		"version", "call_id", "state", "outcome", "day", "team", "app", "use_case", "provider", "model",
		"tokens", "usage_source", "cost_nano_usd",
	}
	data := samples(t, events.TypeUsageRecordedV1)["everything"]
	for name := range parse(t, data) {
		t.Run(name, func(t *testing.T) {
			o := parse(t, data)
			delete(o, name)
			_, err := events.DecodeUsageRecordedV1(o.bytes(t))
			if !slices.Contains(needed, name) {
				if err != nil {
					t.Errorf("nobody needs it, and it is missed: %v", err)
				}
				return
			}
			wantProblems(t, err, name)
			if err := validate(t, schema, o.bytes(t)); err == nil {
				t.Error("the schema does not require it")
			}
			o[name] = nil
			if _, err := events.DecodeUsageRecordedV1(o.bytes(t)); name != "cost_nano_usd" {
				wantProblems(t, err, name)
			} else if err != nil {
				t.Errorf("an unpriced call: %v", err)
			}
		})
	}
	t.Run("all of them are named", func(t *testing.T) {
		_, err := events.DecodeUsageRecordedV1([]byte(`{}`))
		wantProblems(t, err, needed...)
	})
}

// wantProblems checks that exactly these members are named.
func wantProblems(t *testing.T, err error, names ...string) {
	t.Helper()
	invalid, ok := errors.AsType[*events.InvalidError](err)
	if !ok {
		t.Errorf("error %v, want an *InvalidError about %v", err, names)
		return
	}
	var got []string
	for _, p := range invalid.Problems {
		got = append(got, p.Member)
		if !strings.Contains(err.Error(), p.Member+" "+p.Why) {
			t.Errorf("the text %q does not say that %s %s", err, p.Member, p.Why)
		}
	}
	if diff := cmp.Diff(names, got); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
}

// TestBadMembers: reader and schema refuse the same, and the reader says what.
func TestBadMembers(t *testing.T) {
	schema := compile(t, usageSchema)
	all := samples(t, events.TypeUsageRecordedV1)
	for name, tc := range map[string]struct {
		sample string // settled unless said otherwise
		set    object
		tokens object
		want   []string
	}{
		"no id":                    {set: object{"call_id": ""}, want: []string{"call_id"}},
		"an id with a space":       {set: object{"call_id": "a b"}, want: []string{"call_id"}},
		"an id that is long":       {set: object{"call_id": strings.Repeat("x", 65)}, want: []string{"call_id"}},
		"an id that is a number":   {set: object{"call_id": 7}, want: []string{"call_id"}},
		"an open call":             {set: object{"state": "open"}, want: []string{"state"}},
		"no outcome":               {set: object{"outcome": ""}, want: []string{"outcome"}},
		"no day":                   {set: object{"day": ""}, want: []string{"day"}},
		"a day that is a time":     {set: object{"day": "2026-11-22T00:00:00Z"}, want: []string{"day"}},
		"a day that is none":       {set: object{"day": "2026-02-30"}, want: []string{"day"}},
		"a short day":              {set: object{"day": "2026-1-2"}, want: []string{"day"}},
		"no team":                  {set: object{"team": ""}, want: []string{"team"}},
		"a team that is a list":    {set: object{"team": []string{"a"}}, want: []string{"team"}},
		"negative repetitions":     {set: object{"emit": -1}, want: []string{"emit"}},
		"a cost below 0":           {set: object{"cost_nano_usd": -1}, want: []string{"cost_nano_usd"}},
		"a cost beyond 63 bits":    {set: object{"cost_nano_usd": json.Number("9223372036854775808")}, want: []string{"cost_nano_usd"}},
		"a cost in fractions":      {set: object{"cost_nano_usd": 0.5}, want: []string{"cost_nano_usd"}},
		"a cost in quotes":         {set: object{"cost_nano_usd": "8775000"}, want: []string{"cost_nano_usd"}},
		"savings below 0":          {set: object{"saved_nano_usd": -1}, want: []string{"saved_nano_usd"}},
		"tokens below 0":           {tokens: object{"input": -1, "reasoning": -2}, want: []string{"tokens.input", "tokens.reasoning"}},
		"tokens beyond 63 bits":    {tokens: object{"output": json.Number("1e30")}, want: []string{"tokens.output"}},
		"tokens that are a number": {set: object{"tokens": 12}, want: []string{"tokens"}},
		"pieces below 0":           {set: object{"units": object{"b": -1, "a": -1, "c": 1}}, want: []string{"units.a", "units.b"}},
		"a correction of itself":   {sample: "correction", set: object{"call_id": "x", "corrects": "x"}, want: []string{"corrects"}},
		"a correction of no id":    {sample: "correction", set: object{"corrects": "ü"}, want: []string{"corrects"}},
		"a correction that is refused": {
			sample: "correction", set: object{"state": "refused"}, want: []string{"corrects"},
		},
		"several at once": {set: object{"state": "gone", "day": "today", "team": ""}, want: []string{"state", "day", "team"}},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.sample == "" {
				tc.sample = "settled"
			}
			o := parse(t, all[tc.sample])
			maps.Copy(o, tc.set)
			tokens, _ := o["tokens"].(map[string]any)
			maps.Copy(tokens, tc.tokens)
			_, err := events.DecodeUsageRecordedV1(o.bytes(t))
			wantProblems(t, err, tc.want...)
			if err := validate(t, schema, o.bytes(t)); err == nil && name != "a correction of itself" {
				t.Error("the schema takes it")
			}
		})
	}
	for name, detail := range map[string]string{
		"nothing": "", "null": "null", "a list": "[]", "a text": `"x"`, "a broken object": `{"version":1`, "two objects": `{} {}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := events.DecodeUsageRecordedV1([]byte(detail))
			wantProblems(t, err, "detail")
		})
	}
}

// TestNegativeCorrections: what only a correction may hold.
func TestNegativeCorrections(t *testing.T) {
	schema := compile(t, usageSchema)
	o := parse(t, samples(t, events.TypeUsageRecordedV1)["correction"])
	o["cost_nano_usd"], o["saved_nano_usd"], o["units"] = -5, -6, object{"web_search": -1}
	tokens, _ := o["tokens"].(map[string]any)
	tokens["input"] = -7
	e, err := events.DecodeUsageRecordedV1(o.bytes(t))
	if err != nil {
		t.Fatal(err)
	}
	if *e.CostNanoUSD != -5 || e.SavedNanoUSD != -6 || e.Tokens.Input != -7 || e.Units["web_search"] != -1 {
		t.Errorf("read as %+v", e)
	}
	if err := validate(t, schema, o.bytes(t)); err != nil {
		t.Errorf("the schema refuses it: %v", err)
	}
}

func TestUnknownVersions(t *testing.T) {
	data := samples(t, events.TypeUsageRecordedV1)["settled"]
	for name, tc := range map[string]struct {
		version any
		unknown bool
	}{
		"the next one":    {2, true},
		"none":            {0, true},
		"half a version":  {json.Number("1.5"), true},
		"a text":          {"1", false},
		"a list":          {[]int{1}, false},
		"another writing": {json.Number("1e0"), true},
	} {
		t.Run(name, func(t *testing.T) {
			o := parse(t, data)
			o["version"] = tc.version
			_, err := events.DecodeUsageRecordedV1(o.bytes(t))
			if tc.unknown {
				if !errors.Is(err, events.ErrVersion) {
					t.Errorf("error %v, want ErrVersion", err)
				}
				return
			}
			wantProblems(t, err, "version")
		})
	}
}

// TestAgreement: for events of every shape the schema takes what Check takes,
// and what is written is what is read.
func TestAgreement(t *testing.T) {
	schema := compile(t, usageSchema)
	taken := 0
	rapid.Check(t, func(t *rapid.T) {
		want := event().Draw(t, "event")
		data, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		bySchema, byCheck := validate(t, schema, data), want.Check()
		if (bySchema == nil) != (byCheck == nil) {
			t.Fatalf("the schema says %v, Check says %v of\n%s", bySchema, byCheck, data)
		}
		got, err := events.DecodeUsageRecordedV1(data)
		if (err == nil) != (byCheck == nil) {
			t.Fatalf("Check says %v, the reader %v of\n%s", byCheck, err, data)
		}
		if err == nil {
			taken++
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("read otherwise (-want +got):\n%s", diff)
			}
		}
	})
	if taken < 10 {
		t.Errorf("only %d events were good ones", taken)
	}
}

func event() *rapid.Generator[events.UsageRecordedV1] {
	return rapid.Custom(func(t *rapid.T) events.UsageRecordedV1 {
		rarely := func(what string) bool { return rapid.IntRange(0, 19).Draw(t, what) == 0 }
		word := rapid.StringMatching(`[a-zé#%"\\ ]{0,8}`)
		count := rapid.Int64Min(0)
		if rarely("negative") {
			count = rapid.Int64()
		}
		id := rapid.StringMatching(`[!-~]{1,64}`)
		e := events.UsageRecordedV1{
			Version: 1, CallID: id.Draw(t, "id"), State: rapid.SampledFrom([]string{"settled", "refused"}).Draw(t, "state"),
			Outcome: "ok", Day: "2026-11-22", Team: "t" + word.Draw(t, "team"), App: word.Draw(t, "app"), UseCase: word.Draw(t, "use case"),
			Provider: word.Draw(t, "provider"), Model: word.Draw(t, "model"), Op: "chat", Stream: rapid.Bool().Draw(t, "stream"),
			UsageSource: "provider", StartedAt: "2026-11-22T10:00:00.000Z", SettledAt: "2026-11-22T10:00:00.000Z",
			Emit: rapid.Int64Range(0, 3).Draw(t, "emit"), SavedNanoUSD: count.Draw(t, "saved"), CacheHit: rapid.Bool().Draw(t, "hit"),
			Tokens: events.Tokens{
				Input: count.Draw(t, "input"), CacheRead: count.Draw(t, "read"), CacheWrite5m: count.Draw(t, "5m"), CacheWrite1h: count.Draw(t, "1h"),
				AudioInput: count.Draw(t, "audio in"), Output: count.Draw(t, "output"), AudioOutput: count.Draw(t, "audio out"), Reasoning: count.Draw(t, "reasoning"),
			},
			Units: map[string]int64{"web_search": count.Draw(t, "searches")},
		}
		if rapid.Bool().Draw(t, "priced") {
			cost := count.Draw(t, "cost")
			e.CostNanoUSD = &cost
		}
		if rarely("correction") {
			e.Corrects = e.CallID[:len(e.CallID)/2] + "~"
			e.CallID += "~1"
		}
		spoils := []func(){
			func() { e.Version = 0 },
			func() { e.CallID = word.Draw(t, "odd id") },
			func() { e.State = "open" },
			func() { e.Outcome = "" },
			func() { e.Day = rapid.StringMatching(`[0-9]{4}-[01][0-9]-[0-3][0-9]`).Draw(t, "odd day") },
			func() { e.Team = "" },
		}
		for _, spoil := range spoils {
			if rarely("spoil") {
				spoil()
			}
		}
		return e
	})
}
