package sdktest_test

import (
	"fmt"
	"sync"
	"testing"

	"weir/lib/testkit/fakeprovider"
)

// booked is a row as the gateway shows it to the application.
type booked struct {
	CallID         string `json:"call_id"`
	State          string
	Outcome        string
	UseCase        string `json:"use_case"`
	RequestedModel string `json:"requested_model"`
	Provider       string
	Model          string
	Stream         bool
	Tokens         struct{ Input, Output, Reasoning int64 }
	UsageSource    string `json:"usage_source"`
	CostNanoUSD    int64  `json:"cost_nano_usd"`
	CostUSD        string `json:"cost_usd"`
	Attempts       []struct {
		Provider, Outcome string
		Status            int
	}
}

// As soon as an application has seen the end of an answer, it can ask what the
// answer cost, with the same SDK.
func TestUsageOfACall(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{models: "  route: { targets: [p/status-500, q/o4-mini] }\n"})
	each(t, func(t *testing.T, v version) {
		via := s.via(v)
		for _, stream := range []bool{false, true} {
			a := ask1("route", "How deep is the weir?")
			a.usage = stream
			a.extra = map[string]any{"metadata": map[string]string{"use_case": "faq"}}
			got := turn(t, via, a, stream)
			id := via.last().header.Get("X-Weir-Call-Id")
			var row booked
			if err := via.get(t.Context(), "usage/"+id, &row); err != nil {
				t.Fatal(err)
			}
			if row.CallID != id || row.State != "settled" || row.Outcome != "ok" || row.UseCase != "faq" || row.RequestedModel != "route" || row.Provider != "q" || row.Model != "o4-mini" ||
				row.Stream != stream || row.UsageSource != "provider" || len(row.Attempts) != 2 || row.Attempts[0].Status != 500 {
				t.Errorf("%+v", row)
			}
			if row.Tokens.Input != got.Usage.Prompt || row.Tokens.Output != got.Usage.Completion || row.Tokens.Reasoning != 64 || row.CostNanoUSD != 2000*row.Tokens.Input+8000*row.Tokens.Output {
				t.Errorf("%+v, the answer said %+v", row, got.Usage)
			}
		}
		err := via.get(t.Context(), "usage/0192e0a0-0000-7000-8000-000000000000", &booked{})
		if f, ok := via.failure(err); !ok || f.Status != 404 || f.Type != invalid || f.Code != "not_found" {
			t.Errorf("%+v (%v)", f, err)
		}
		err = via.get(t.Context(), "responses/resp_1", &booked{})
		if f, ok := via.failure(err); !ok || f.Status != 404 || f.Type != invalid {
			t.Errorf("%+v (%v)", f, err)
		}
	})
}

// Many calls at once, over one client: each gets its own answer, and the books
// have the sum of what the provider said.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{})
	for _, m := range []string{"gpt-4o", "o4-mini"} {
		s.p.Model(m, fakeprovider.Answer{ReasoningTokens: 5})
	}
	for _, v := range versions {
		via := s.via(v)
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				question := fmt.Sprintf("Question %d of %s?", i, v.name)
				a := ask1([]string{"p/gpt-4o", "p/o4-mini", "echo/any", "q/gpt-4o-mini"}[i%4], question)
				var got answer
				var err error
				if i%3 == 0 {
					got, err = via.chat(t.Context(), a)
				} else {
					in := via.stream(t.Context(), a, nil)
					got, err = in.answer, in.err
				}
				want := "You said: " + question
				if i%4 == 2 {
					want = question
				}
				if err != nil || len(got.Choices) != 1 || got.Choices[0].Content != want {
					t.Errorf("%q: %+v, %v", question, got.Choices, err)
				}
			})
		}
		wg.Wait()
	}
	s.p.Wait()
	s.q.Wait()
	want := fakeprovider.Tokens{}
	for _, totals := range []map[string]fakeprovider.Tokens{s.p.Totals(), s.q.Totals()} {
		for _, one := range totals {
			want = want.Plus(one)
		}
	}
	var in, out int64
	for _, row := range s.Settled() {
		if row.Outcome != "ok" {
			t.Errorf("row %+v", row)
		}
		if row.Provider != "echo" {
			in, out = in+row.Usage.Input, out+row.Usage.Output
		}
	}
	if in != want.Input() || out != want.Output() {
		t.Errorf("booked %d in, %d out; the providers said %+v", in, out, want)
	}
}
