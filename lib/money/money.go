// Package money holds amounts as integer nano-dollars. No amount in the
// gateway is ever a floating-point number.
package money

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strings"
)

// NanoUSD is an amount in billionths of a US dollar.
type NanoUSD int64

// PerMillion is a price in nano-dollars per million units (tokens). It is
// finer than a nano-dollar per token, because many listed prices are no whole
// nano-dollar for one token.
type PerMillion int64

const (
	nano    = 1_000_000_000
	million = 1_000_000
)

// ErrOverflow reports an amount that does not fit 63 bits.
var ErrOverflow = errors.New("money: amount out of range")

// String returns n in dollars without trailing zeros: 8775000 is "0.008775".
func (n NanoUSD) String() string {
	s := n.Fixed()
	s = strings.TrimRight(s, "0")
	return strings.TrimSuffix(s, ".")
}

// Fixed returns n in dollars with nine decimals, as cost tables print it.
func (n NanoUSD) Fixed() string {
	sign, u := "", uint64(n) //nolint:gosec // two's complement: -u below is the magnitude, also of the least amount
	if n < 0 {
		sign, u = "-", -u
	}
	return fmt.Sprintf("%s%d.%09d", sign, u/nano, u%nano)
}

// ParseUSD reads a decimal amount of dollars such as "0.15", exactly. It
// refuses signs, exponents and more than nine decimals that are not zero.
func ParseUSD(s string) (NanoUSD, error) {
	whole, frac, _ := strings.Cut(s, ".")
	if whole == "" && frac == "" {
		return 0, fmt.Errorf("money: %q is not a decimal number", s)
	}
	frac = strings.TrimRight(frac, "0")
	if len(frac) > 9 {
		return 0, fmt.Errorf("money: %q has more than nine decimals", s)
	}
	var n uint64
	for _, c := range whole + frac + strings.Repeat("0", 9-len(frac)) {
		if c < '0' || c > '9' {
			return 0, fmt.Errorf("money: %q is not a decimal number", s)
		}
		digit := uint64(c - '0')
		if n > (math.MaxInt64-digit)/10 {
			return 0, ErrOverflow
		}
		n = n*10 + digit
	}
	return NanoUSD(n), nil
}

// Add returns a+b, or ErrOverflow.
func Add(a, b NanoUSD) (NanoUSD, error) {
	c := a + b
	if (c > a) != (b > 0) && b != 0 {
		return 0, ErrOverflow
	}
	return c, nil
}

// A Sum adds quantities times prices in 128 bits and divides once, so that a
// call's buckets are rounded together and not one by one. The zero Sum is
// empty. A refused addition leaves it as it was. Not safe for concurrent use.
type Sum struct{ hi, lo uint64 }

// Add adds quantity units at price p. Both must be at least 0.
func (s *Sum) Add(quantity int64, p PerMillion) error {
	return s.add(quantity, int64(p), 1)
}

// AddUnits adds n things that cost each apiece. Both must be at least 0.
func (s *Sum) AddUnits(n int64, each NanoUSD) error {
	return s.add(n, int64(each), million)
}

// add adds quantity × price × scale.
func (s *Sum) add(quantity, price int64, scale uint64) error {
	if quantity < 0 || price < 0 {
		return fmt.Errorf("money: negative quantity or price (%d at %d)", quantity, price)
	}
	hi, lo := bits.Mul64(uint64(quantity), uint64(price))
	over, hi := bits.Mul64(hi, scale)
	mid, lo := bits.Mul64(lo, scale)
	hi, carry := bits.Add64(hi, mid, 0)
	if over != 0 || carry != 0 {
		return ErrOverflow
	}
	lo, carry = bits.Add64(s.lo, lo, 0)
	hi, carry = bits.Add64(s.hi, hi, carry)
	if carry != 0 {
		return ErrOverflow
	}
	s.hi, s.lo = hi, lo
	return nil
}

// Total returns the sum in nano-dollars, rounded half up.
func (s *Sum) Total() (NanoUSD, error) {
	lo, carry := bits.Add64(s.lo, million/2, 0)
	hi := s.hi + carry
	if hi >= million {
		return 0, ErrOverflow
	}
	q, _ := bits.Div64(hi, lo, million)
	if q > math.MaxInt64 {
		return 0, ErrOverflow
	}
	return NanoUSD(q), nil
}
