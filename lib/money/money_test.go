package money_test

import (
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"weir/lib/money"
)

func TestParseUSD(t *testing.T) {
	for _, tt := range []struct {
		in    string
		want  money.NanoUSD
		fixed string
	}{
		{"0", 0, "0.000000000"},
		{"0.15", 150_000_000, "0.150000000"},
		{".5", 500_000_000, "0.500000000"},
		{"5.", 5_000_000_000, "5.000000000"},
		{"0.000000001", 1, "0.000000001"},
		{"0.0000000010000", 1, "0.000000001"},
		{"007", 7_000_000_000, "7.000000000"},
		{"9223372036.854775807", math.MaxInt64, "9223372036.854775807"},
		{"00000000000000000000000001", 1_000_000_000, "1.000000000"},
	} {
		got, err := money.ParseUSD(tt.in)
		if err != nil || got != tt.want || got.Fixed() != tt.fixed {
			t.Errorf("ParseUSD(%q) = %d (%s), %v; want %d (%s)", tt.in, got, got.Fixed(), err, tt.want, tt.fixed)
		}
	}
}

func TestParseUSDRefuses(t *testing.T) {
	for _, in := range []string{
		"", ".", "-1", "+1", "1e3", "1,5", "1.2.3", " 1", "1 ", "$1", "0x1", "1_000", "NaN", "Inf", "１", "0.0000000001", "0.1234567891", "1.-5",
	} {
		if got, err := money.ParseUSD(in); err == nil || got != 0 || errors.Is(err, money.ErrOverflow) {
			t.Errorf("ParseUSD(%q) = %d, %v; want an error that is no overflow", in, got, err)
		}
	}
	for _, in := range []string{"9223372036.854775808", "9223372036.854775810", "9223372037", "99999999999999999999999"} {
		if got, err := money.ParseUSD(in); !errors.Is(err, money.ErrOverflow) || got != 0 {
			t.Errorf("ParseUSD(%q) = %d, %v; want ErrOverflow", in, got, err)
		}
	}
}

func TestString(t *testing.T) {
	for _, tt := range []struct {
		n             money.NanoUSD
		short, nine   string
		readableAgain bool
	}{
		{0, "0", "0.000000000", true},
		{1, "0.000000001", "0.000000001", true},
		{8_775_000, "0.008775", "0.008775000", true},
		{10_000_000_000, "10", "10.000000000", true},
		{100_000_000_000_000, "100000", "100000.000000000", true},
		{-1, "-0.000000001", "-0.000000001", false},
		{-2_500_000_000, "-2.5", "-2.500000000", false},
		{math.MaxInt64, "9223372036.854775807", "9223372036.854775807", true},
		{math.MinInt64, "-9223372036.854775808", "-9223372036.854775808", false},
	} {
		if tt.n.String() != tt.short || tt.n.Fixed() != tt.nine {
			t.Errorf("%d: String %s, Fixed %s; want %s, %s", int64(tt.n), tt.n, tt.n.Fixed(), tt.short, tt.nine)
		}
	}
}

// What is printed is read again as the same amount, in both forms.
func TestPrintedAmountsAreExact(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := money.NanoUSD(rapid.Int64Min(0).Draw(rt, "n"))
		for _, s := range []string{n.String(), n.Fixed()} {
			if got, err := money.ParseUSD(s); err != nil || got != n {
				rt.Fatalf("%d is printed as %s and read as %d, %v", int64(n), s, got, err)
			}
		}
		if i := strings.IndexByte(n.Fixed(), '.'); len(n.Fixed())-i != 10 {
			rt.Fatalf("%s has not nine decimals", n.Fixed())
		}
	})
}

// Every decimal of at most nine places is read as exactly that number.
func TestParseUSDIsExact(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := rapid.StringMatching(`[0-9]{1,9}(\.[0-9]{1,9})?`).Draw(rt, "s")
		got, err := money.ParseUSD(s)
		want, _ := new(big.Rat).SetString(s)
		want.Mul(want, big.NewRat(1_000_000_000, 1))
		if err != nil || new(big.Rat).SetInt64(int64(got)).Cmp(want) != 0 {
			rt.Fatalf("ParseUSD(%s) = %d, %v; want %s", s, got, err, want)
		}
	})
}

func TestAdd(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		amount := rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{0, 1, -1, math.MaxInt64, math.MinInt64}))
		a, b := amount.Draw(rt, "a"), amount.Draw(rt, "b")
		want := new(big.Int).Add(big.NewInt(a), big.NewInt(b))
		got, err := money.Add(money.NanoUSD(a), money.NanoUSD(b))
		switch {
		case want.IsInt64() && (err != nil || int64(got) != want.Int64()):
			rt.Fatalf("Add(%d, %d) = %d, %v; want %s", a, b, got, err, want)
		case !want.IsInt64() && (!errors.Is(err, money.ErrOverflow) || got != 0):
			rt.Fatalf("Add(%d, %d) = %d, %v; want ErrOverflow", a, b, got, err)
		}
	})
}

// A Sum agrees with arithmetic of any width, and refuses what leaves its own.
func TestSum(t *testing.T) {
	type part struct {
		n, price int64
		unit     bool
	}
	number := rapid.OneOf(rapid.Int64Range(0, 1_000_000), rapid.Int64Min(0), rapid.SampledFrom([]int64{0, 1, math.MaxInt64}))
	parts := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) part {
		return part{number.Draw(rt, "n"), number.Draw(rt, "price"), rapid.Bool().Draw(rt, "unit")}
	}), 0, 8)
	limit := new(big.Int).Lsh(big.NewInt(1), 128)
	rapid.Check(t, func(rt *rapid.T) {
		var s money.Sum
		want := new(big.Int)
		for _, p := range parts.Draw(rt, "parts") {
			x := new(big.Int).Mul(big.NewInt(p.n), big.NewInt(p.price))
			add := func() error { return s.Add(p.n, money.PerMillion(p.price)) }
			if p.unit {
				x.Mul(x, big.NewInt(1_000_000))
				add = func() error { return s.AddUnits(p.n, money.NanoUSD(p.price)) }
			}
			next := new(big.Int).Add(want, x)
			err := add()
			if next.Cmp(limit) < 0 {
				if err != nil {
					rt.Fatalf("adding %+v to %s: %v", p, want, err)
				}
				want = next
			} else if !errors.Is(err, money.ErrOverflow) {
				rt.Fatalf("adding %+v to %s: %v, want ErrOverflow", p, want, err)
			}
		}
		want.Add(want, big.NewInt(500_000)).Quo(want, big.NewInt(1_000_000)) // half up
		got, err := s.Total()
		switch {
		case want.IsInt64() && (err != nil || int64(got) != want.Int64()):
			rt.Fatalf("Total = %d, %v; want %s", got, err, want)
		case !want.IsInt64() && (!errors.Is(err, money.ErrOverflow) || got != 0):
			rt.Fatalf("Total = %d, %v; want ErrOverflow, for %s", got, err, want)
		}
	})
}

func TestTotalRoundsHalfUp(t *testing.T) {
	for price, want := range map[money.PerMillion]money.NanoUSD{0: 0, 499_999: 0, 500_000: 1, 500_001: 1, 1_499_999: 1, 1_500_000: 2} {
		var s money.Sum
		if err := s.Add(1, price); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Total(); err != nil || got != want {
			t.Errorf("one at %d: %d, %v; want %d", price, got, err, want)
		}
	}
}

func TestSumRefusesNegatives(t *testing.T) {
	var s money.Sum
	for name, err := range map[string]error{
		"quantity": s.Add(-1, 1), "price": s.Add(1, -1), "units": s.AddUnits(-1, 1), "price of a unit": s.AddUnits(1, -1),
	} {
		if err == nil || errors.Is(err, money.ErrOverflow) {
			t.Errorf("negative %s: %v", name, err)
		}
	}
	if n, err := s.Total(); n != 0 || err != nil {
		t.Errorf("refused additions left %d, %v", n, err)
	}
}
