package sdktest_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"weir/lib/accounting/ledger"
	"weir/lib/llm"
	"weir/lib/testkit/fakeprovider"
)

// Wherever a provider puts its usage, or if it gives none: the same request
// costs the same whole and streamed, asked for usage or not, and what is
// booked is what the provider said.
func TestStreamedCostsTheSame(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{})
	reports := map[string]fakeprovider.Report{
		"asked": fakeprovider.ReportAsked, "always": fakeprovider.ReportAlways, "on-finish": fakeprovider.ReportOnFinish,
		"on-every": fakeprovider.ReportOnEvery, "never": fakeprovider.ReportNever,
	}
	kinds := map[string]fakeprovider.Answer{
		"text":        {},
		"tools":       {AllTools: true},
		"interleaved": {AllTools: true, Interleave: true},
		"text-tools":  {AllTools: true, Text: "I look it up."},
		"thinking":    {ReasoningTokens: 64},
		"thoughts":    {Reasoning: "First I think about it. Then I answer."},
		"refusal":     {Refusal: "I'm sorry, I can't help with that."},
		"cached":      {CachedTokens: 3},
		"audio":       {AudioInTokens: 7, AudioOutTokens: 5},
		"free":        {Usage: &fakeprovider.Tokens{}},
		"whole":       {Whole: true}, // one body where a stream was asked for
		"commented":   {Comments: true},
	}
	each(t, func(t *testing.T, v version) {
		via := s.via(v)
		for reported, report := range reports {
			for kind, a := range kinds {
				name := reported + "-" + kind
				t.Run(name, func(t *testing.T) {
					a.Report = report
					s.p.Model(name, a)
					s.sameCost(t, via, "p/"+name, report != fakeprovider.ReportNever)
				})
			}
		}
	})
}

// sameCost asks a model in all ways and compares the rows.
func (s *stage) sameCost(t *testing.T, via caller, model string, reported bool) {
	t.Helper()
	a := ask1(model, "How deep is the weir today?")
	a.tools = []tool{weather, clock}
	whole := turn(t, via, a, false)
	want := s.row(via)
	if told := via.last().header.Get("X-Weir-Cost-Usd"); told != want.Cost.String() {
		t.Errorf("x-weir-cost-usd %q, row %s", told, want.Cost)
	}
	source := ledger.UsageProvider
	if !reported {
		source = ledger.UsageEstimated
	}
	if want.UsageSource != source || whole.hasUsage != reported {
		t.Errorf("source %s, usage in the answer %v", want.UsageSource, whole.hasUsage)
	}
	for _, asked := range []bool{false, true} {
		a.usage = asked
		got := via.stream(t.Context(), a, nil)
		if got.err != nil {
			t.Fatal(got.err)
		}
		row := s.row(via)
		if diff := cmp.Diff(want.Usage, row.Usage); diff != "" || row.Cost != want.Cost || row.UsageSource != want.UsageSource || row.Unpriced || !row.Stream {
			t.Errorf("asked %v: %d %s, whole %d %s (-whole +streamed):\n%s", asked, row.Cost, row.UsageSource, want.Cost, want.UsageSource, diff)
		}
		if diff := cmp.Diff(text(whole), text(got.answer)); diff != "" {
			t.Errorf("asked %v (-whole +streamed):\n%s", asked, diff)
		}
	}
	s.p.Wait() // its record is complete only then
	last, ok := s.p.Last()
	if !ok || last.Reported != reported {
		t.Fatalf("the provider reported: %v", last.Reported)
	}
	if diff := cmp.Diff(buckets(last.Usage), want.Usage); reported && diff != "" {
		t.Errorf("(-provider +row):\n%s", diff)
	}
}

// buckets are a provider's counts as they are billed.
func buckets(t fakeprovider.Tokens) llm.Usage {
	return llm.Usage{Input: t.Input(), CacheRead: t.Cached, AudioIn: t.AudioIn, Output: t.Output(), AudioOut: t.AudioOut, Reasoning: t.Reasoning}
}

// text is what an answer says, in all its forms.
func text(a answer) []string {
	var all []string
	for _, c := range a.Choices {
		all = append(all, c.Content, c.Refusal, c.Finish, fmt.Sprintf("%+v", c.Calls))
	}
	return all
}

// Of an answer without usage every choice is estimated, not the first alone.
func TestEveryChoiceIsEstimated(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{})
	s.p.Model("silent", fakeprovider.Answer{Text: long, Report: fakeprovider.ReportNever})
	each(t, func(t *testing.T, v version) {
		via := s.via(v)
		for _, stream := range []bool{false, true} {
			a := ask1("p/silent", "How deep is the weir?")
			turn(t, via, a, stream)
			one := s.row(via)
			a.n = 3
			turn(t, via, a, stream)
			three := s.row(via)
			if off := 3*one.Usage.Output - three.Usage.Output; off < 0 || off > 2 /* each estimate is rounded up */ || three.Usage.Input != one.Usage.Input || one.Usage.Output == 0 || three.UsageSource != ledger.UsageEstimated {
				t.Errorf("stream %v: one choice %+v, three %+v (%s)", stream, one.Usage, three.Usage, three.UsageSource)
			}
		}
	})
}

// A vendor that answers a stream with one body is translated, and a stream of
// the hub has one choice: what that loses is in the row.
func TestLostChoicesAreTold(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{})
	each(t, func(t *testing.T, v version) {
		via := s.via(v)
		a := ask1("p/whole", "How deep is the weir?")
		a.n = 3
		got := turn(t, via, a, true)
		if row := s.row(via); len(got.Choices) != 1 || len(row.Losses) != 1 || row.Losses[0].Field != "choices" {
			t.Errorf("%d choices, losses %v", len(got.Choices), row.Losses)
		}
	})
}
