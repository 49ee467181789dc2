package price_test

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"weir/lib/accounting/price"
	"weir/lib/llm"
	"weir/lib/money"
)

// usd is a price in dollars per million tokens.
func usd(t interface{ Fatal(...any) }, s string) *money.PerMillion {
	n, err := money.ParseUSD(s)
	if err != nil {
		t.Fatal(err)
	}
	return new(money.PerMillion(n))
}

func TestCost(t *testing.T) {
	sonnet := price.Price{
		Input: usd(t, "3"), Output: usd(t, "15"), CacheRead: usd(t, "0.3"),
		CacheWrite5m: usd(t, "3.75"), CacheWrite1h: usd(t, "6"),
		Units: map[string]money.NanoUSD{"web_search": 10_000_000},
	}
	long := sonnet
	long.Above = []price.Threshold{
		{Tokens: 200_000, Price: price.Price{Input: usd(t, "6"), Output: usd(t, "22.5"), CacheRead: usd(t, "0.6")}},
		{Tokens: 500_000, Price: price.Price{Input: usd(t, "9"), Output: usd(t, "30")}},
	}
	plain := price.Price{Input: usd(t, "0.15"), Output: usd(t, "0.6")}
	audio := price.Price{
		Input: usd(t, "2.5"), Output: usd(t, "10"), AudioInput: usd(t, "40"), AudioOutput: usd(t, "80"),
		Above: []price.Threshold{{Tokens: 1000, Price: price.Price{Input: usd(t, "5"), Output: usd(t, "20")}}},
	}
	tests := []struct {
		name  string
		price price.Price
		usage llm.Usage
		want  money.NanoUSD
	}{
		{"nothing", plain, llm.Usage{}, 0},
		{"input and output", plain, llm.Usage{Input: 1200, Output: 345}, 387_000}, // 180,000 + 207,000
		{
			"reasoning is part of output and never added", plain,
			llm.Usage{Input: 1200, Output: 345, Reasoning: 300},
			387_000,
		},
		{
			"every cache bucket", sonnet, // 3 + 3 + 7.5 + 6 + 7.5 thousandths of a dollar
			llm.Usage{Input: 1000, CacheRead: 10_000, CacheWrite5m: 2000, CacheWrite1h: 1000, Output: 500}, 27_000_000,
		},
		{"units", sonnet, llm.Usage{Input: 1000, Units: map[string]int64{"web_search": 3, "file_search": 0}}, 33_000_000},
		{"cache reads without a price cost as input", plain, llm.Usage{Input: 100, CacheRead: 900}, 150_000},
		{"cache writes of a vendor that prices none cost as input", plain, llm.Usage{CacheWrite5m: 600, CacheWrite1h: 400}, 150_000},
		{
			"five-minute writes are covered by the dearer one-hour price",
			price.Price{Input: usd(t, "1"), CacheWrite1h: usd(t, "2")},
			llm.Usage{CacheWrite5m: 1000},
			2_000_000,
		},
		{"half a nano-dollar is rounded up", price.Price{Input: usd(t, "0.0005")}, llm.Usage{Input: 1}, 1},
		{"less than half is rounded down", price.Price{Input: usd(t, "0.0004")}, llm.Usage{Input: 1}, 0},
		{
			"buckets are rounded together", // 0.4 + 0.4 nano-dollars
			price.Price{Input: usd(t, "0.0004"), Output: usd(t, "0.0004")}, llm.Usage{Input: 1, Output: 1}, 1,
		},
		{"a free price costs nothing", price.Price{Input: usd(t, "0"), Output: usd(t, "0")}, llm.Usage{Input: 5, Output: 5}, 0},
		{"audio", audio, llm.Usage{Input: 100, AudioIn: 100, Output: 10, AudioOut: 10}, 5_150_000}, // 250,000 + 4,000,000 + 100,000 + 800,000
		{"one below the threshold", long, llm.Usage{Input: 199_999, Output: 1000}, 614_997_000},
		{"at the threshold", long, llm.Usage{Input: 50_000, CacheRead: 150_000, Output: 1000}, 210_000_000},
		{
			"above it the whole call changes price", long, // 300,006 + 90,000 + 22,500 millionths of a dollar
			llm.Usage{Input: 50_001, CacheRead: 150_000, Output: 1000}, 412_506_000,
		},
		{"above the second threshold", long, llm.Usage{Input: 500_001, Output: 1000}, 4_530_009_000},
		{"the threshold's missing cache price is its input", long, llm.Usage{Input: 400_000, CacheRead: 100_001}, 4_500_009_000},
		{"output alone does not reach a threshold", long, llm.Usage{Input: 1, Output: 300_000}, 4_500_003_000},
		{"a threshold keeps units", long, llm.Usage{Input: 200_001, Units: map[string]int64{"web_search": 1}}, 1_210_006_000},
		{"audio counts towards a threshold", audio, llm.Usage{Input: 500, AudioIn: 501}, 22_540_000}, // 2,500 + 20,040 millionths of a dollar
		{"a threshold keeps audio prices", audio, llm.Usage{AudioIn: 1001, AudioOut: 1}, 40_120_000},
		{"beyond 64 bits before the division", price.Price{Output: usd(t, "1000")}, llm.Usage{Output: 9_000_000_000_000}, 9_000_000_000_000_000_000},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, priced, err := tt.price.Cost(tt.usage)
			if err != nil || !priced || got != tt.want {
				t.Errorf("Cost = %d, %v, %v; want %d, priced", got, priced, err, tt.want)
			}
		})
	}
}

func TestCostIsUnknownWithoutAPriceForWhatWasUsed(t *testing.T) {
	p := price.Price{Input: usd(t, "1"), Output: usd(t, "2"), CacheWrite5m: usd(t, "1.25")}
	for name, tt := range map[string]struct {
		price price.Price
		usage llm.Usage
	}{
		"input":                        {price.Price{Output: p.Output}, llm.Usage{Input: 1}},
		"output":                       {price.Price{Input: p.Input}, llm.Usage{Input: 1, Output: 1}},
		"audio in":                     {p, llm.Usage{AudioIn: 1}},
		"audio out":                    {p, llm.Usage{AudioOut: 1}},
		"a unit":                       {p, llm.Usage{Units: map[string]int64{"web_search": 1}}},
		"one-hour writes beside 5m":    {p, llm.Usage{CacheWrite1h: 1}},
		"cache reads without an input": {price.Price{Output: p.Output}, llm.Usage{CacheRead: 1}},
		"no price at all":              {price.Price{}, llm.Usage{Output: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			if got, priced, err := tt.price.Cost(tt.usage); priced || err != nil || got != 0 {
				t.Errorf("Cost = %d, %v, %v; want unknown", got, priced, err)
			}
		})
	}
}

func TestCostRefusesWhatIsNoAmount(t *testing.T) {
	p := price.Price{Input: usd(t, "1000"), Output: usd(t, "1000"), Units: map[string]money.NanoUSD{"x": 1e9}}
	for name, tt := range map[string]struct {
		usage    llm.Usage
		overflow bool
	}{
		"negative tokens":    {llm.Usage{Input: -1}, false},
		"negative unit":      {llm.Usage{Units: map[string]int64{"x": -1}}, false},
		"over 63 bits":       {llm.Usage{Output: math.MaxInt64}, true},
		"units over 63 bits": {llm.Usage{Units: map[string]int64{"x": math.MaxInt64}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, priced, err := p.Cost(tt.usage)
			if err == nil || priced || got != 0 || errors.Is(err, money.ErrOverflow) != tt.overflow {
				t.Errorf("Cost = %d, %v, %v; want an error, overflow %v", got, priced, err, tt.overflow)
			}
		})
	}
}

func TestCovers(t *testing.T) {
	in, out := price.Price{Input: usd(t, "1")}, price.Price{Output: usd(t, "1")}
	both := price.Price{Input: usd(t, "1"), Output: usd(t, "0")}
	for _, tt := range []struct {
		name  string
		price price.Price
		op    llm.Op
		want  bool
	}{
		{"chat", both, llm.OpChat, true},
		{"chat without output", in, llm.OpChat, false},
		{"chat without input", out, llm.OpChat, false},
		{"embeddings", in, llm.OpEmbed, true},
		{"embeddings without input", out, llm.OpEmbed, false},
	} {
		if got := tt.price.Covers(tt.op); got != tt.want {
			t.Errorf("%s: Covers = %v, want %v", tt.name, got, tt.want)
		}
	}
}

// usages draws usage and a price that covers it.
func usages(rt *rapid.T) (llm.Usage, price.Price) {
	n := func(label string) int64 { return rapid.Int64Range(0, 2_000_000).Draw(rt, label) }
	d := func(label string) *money.PerMillion {
		return new(money.PerMillion(rapid.Int64Range(0, 1e12).Draw(rt, label)))
	}
	u := llm.Usage{
		Input: n("input"), CacheRead: n("read"), CacheWrite5m: n("w5m"), CacheWrite1h: n("w1h"), AudioIn: n("ain"),
		Output: n("output"), AudioOut: n("aout"), Reasoning: n("reasoning"),
		Units: map[string]int64{"web_search": rapid.Int64Range(0, 100).Draw(rt, "searches")},
	}
	p := price.Price{
		Input: d("$input"), CacheRead: d("$read"), CacheWrite5m: d("$w5m"), CacheWrite1h: d("$w1h"), AudioInput: d("$ain"),
		Output: d("$output"), AudioOutput: d("$aout"),
		Units: map[string]money.NanoUSD{"web_search": money.NanoUSD(rapid.Int64Range(0, 1e9).Draw(rt, "$search"))},
	}
	return u, p
}

// Cost is the exact sum of all buckets, rounded once and half up.
func TestCostIsExact(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		u, p := usages(rt)
		sum := new(big.Int)
		add := func(n, price int64) { sum.Add(sum, new(big.Int).Mul(big.NewInt(n), big.NewInt(price))) }
		add(u.Input, int64(*p.Input))
		add(u.CacheRead, int64(*p.CacheRead))
		add(u.CacheWrite5m, int64(*p.CacheWrite5m))
		add(u.CacheWrite1h, int64(*p.CacheWrite1h))
		add(u.AudioIn, int64(*p.AudioInput))
		add(u.Output, int64(*p.Output))
		add(u.AudioOut, int64(*p.AudioOutput))
		add(1_000_000*u.Units["web_search"], int64(p.Units["web_search"]))
		want := sum.Add(sum, big.NewInt(500_000)).Quo(sum, big.NewInt(1_000_000)).Int64()
		if got := cost(rt, p, u); int64(got) != want {
			rt.Fatalf("Cost = %d, want %d", got, want)
		}
	})
}

// More of any bucket never costs less, and a call split in two costs what the
// whole does but for the rounding of each part. Thresholds do not change the
// first where the longer prompt is the dearer.
func TestCostIsMonotoneAndAdditive(t *testing.T) {
	buckets := []func(*llm.Usage) *int64{
		func(u *llm.Usage) *int64 { return &u.Input },
		func(u *llm.Usage) *int64 { return &u.CacheRead },
		func(u *llm.Usage) *int64 { return &u.CacheWrite5m },
		func(u *llm.Usage) *int64 { return &u.CacheWrite1h },
		func(u *llm.Usage) *int64 { return &u.AudioIn },
		func(u *llm.Usage) *int64 { return &u.Output },
		func(u *llm.Usage) *int64 { return &u.AudioOut },
	}
	rapid.Check(t, func(rt *rapid.T) {
		u, p := usages(rt)
		whole := cost(rt, p, u)

		first, second := u, u
		second.Units = nil
		for _, b := range buckets {
			n := rapid.Int64Range(0, *b(&u)).Draw(rt, "part")
			*b(&first), *b(&second) = n, *b(&u)-n
		}
		if sum := cost(rt, p, first) + cost(rt, p, second); sum-whole > 1 || whole-sum > 1 {
			rt.Fatalf("parts cost %d, the whole %d", sum, whole)
		}

		dearer := price.Price{Input: twice(p.Input), Output: twice(p.Output), CacheRead: twice(p.CacheRead), CacheWrite5m: twice(p.CacheWrite5m), CacheWrite1h: twice(p.CacheWrite1h)}
		p.Above = []price.Threshold{{Tokens: rapid.Int64Range(1, 10_000_000).Draw(rt, "above"), Price: dearer}}
		whole = cost(rt, p, u)
		b := rapid.SampledFrom(buckets).Draw(rt, "bucket")
		*b(&u) += rapid.Int64Range(0, 1_000_000).Draw(rt, "more")
		if got := cost(rt, p, u); got < whole {
			rt.Fatalf("more tokens cost %d, fewer %d", got, whole)
		}
	})
}

func twice(p *money.PerMillion) *money.PerMillion { return new(2 * *p) }

func cost(rt *rapid.T, p price.Price, u llm.Usage) money.NanoUSD {
	c, priced, err := p.Cost(u)
	if err != nil || !priced || c < 0 {
		rt.Fatalf("Cost = %d, %v, %v", c, priced, err)
	}
	return c
}
