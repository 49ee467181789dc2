package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strings"

	"weir/lib/money"
)

// key names a row of the book.
type key struct {
	vendor, model, region, tier string
	above                       int64 // 0: any length
}

func (k key) String() string {
	s := k.vendor + "/" + k.model
	if k.region != "" {
		s += " in " + k.region
	}
	if k.tier != standard {
		s += ", " + k.tier
	}
	if k.above > 0 {
		s += fmt.Sprintf(", above %d tokens", k.above)
	}
	return s
}

// base is the row for short prompts, and list the standard row beside k.
func (k key) base() key { k.above = 0; return k }
func (k key) list() key { k.tier = standard; return k }

const standard = "standard"

func discounted(tier string) bool { return tier == "batch" || tier == "flex" || tier == "off-peak" }

// buckets are the figures of a row, by column of the collections and the book.
var buckets = [...]string{
	"input", "output", "cache_read", "cache_write_5m", "cache_write_1h", "input_audio", "output_audio",
}

const (
	input     = 0
	output    = 1
	cacheRead = 2
)

// unitNames are the things billed by the piece that a chat may use.
var unitNames = map[string]bool{
	"web_search": true, "file_search": true, "x_search": true, "attachment_search": true, "code_execution": true,
}

// unknown is a figure that nobody states; 0 is a price that was declared.
const unknown money.NanoUSD = -1

// row is one price: dollars per million tokens, as nano-dollars, and dollars
// per unit.
type row struct {
	figures [len(buckets)]money.NanoUSD
	units   map[string]money.NanoUSD
	source  string // a, b, a+b, override
	review  bool
	readOn  string // YYYY-MM-DD
	// multipliers are factors on all figures, by region:R or speed:T.
	multipliers map[string]string
}

// priced reports whether r states a price of tokens at all.
func (r row) priced() bool { return r.figures[input] != unknown || r.figures[output] != unknown }

// dearer reports whether r costs more than x in input or output, where both
// state it.
func (r row) dearer(x row) bool {
	return more(r.figures[input], x.figures[input]) || more(r.figures[output], x.figures[output])
}

func more(a, b money.NanoUSD) bool { return a != unknown && b != unknown && a > b }

// times returns r with every figure multiplied by a decimal factor, which
// parseMultipliers has checked.
func (r row) times(factor string) row {
	f, _ := new(big.Rat).SetString(factor)
	half := big.NewRat(1, 2)
	for i, n := range r.figures {
		if n == unknown {
			continue
		}
		x := new(big.Rat).Mul(f, new(big.Rat).SetInt64(int64(n)))
		x.Add(x, half) // rounded half up
		r.figures[i] = money.NanoUSD(new(big.Int).Quo(x.Num(), x.Denom()).Int64())
	}
	return r
}

// plain is a decimal number without sign and exponent.
var plain = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)

// dollars reads an amount exactly, and rounds half up what is past the ninth
// decimal.
func dollars(s string) (money.NanoUSD, error) {
	if !plain.MatchString(s) {
		return 0, fmt.Errorf("%q is no plain decimal number", s)
	}
	whole, frac, _ := strings.Cut(s, ".")
	up := money.NanoUSD(0)
	if len(frac) > 9 {
		if frac[9] >= '5' {
			up = 1
		}
		frac = frac[:9]
	}
	n, err := money.ParseUSD(whole + "." + frac)
	if err != nil {
		return 0, err
	}
	return n + up, nil
}

// parseUnits reads a JSON object of dollars per unit and keeps the known ones.
func parseUnits(s string) (map[string]money.NanoUSD, error) {
	if s == "" {
		return nil, nil
	}
	var raw map[string]string
	if err := json.Unmarshal([]byte(s), &raw); err != nil {
		return nil, fmt.Errorf("units %s: %w", s, err)
	}
	units := map[string]money.NanoUSD{}
	var errs []error
	for name, d := range raw {
		if !unitNames[name] {
			continue
		}
		n, err := dollars(d)
		if err != nil {
			errs = append(errs, fmt.Errorf("units %s: %w", name, err))
		}
		units[name] = n
	}
	return units, errors.Join(errs...)
}

// parseMultipliers reads a JSON object of factors.
func parseMultipliers(s string) (map[string]string, error) {
	if s == "" {
		return nil, nil
	}
	var m map[string]string
	if err := json.Unmarshal([]byte(s), &m); err != nil {
		return nil, fmt.Errorf("multipliers %s: %w", s, err)
	}
	for name, factor := range m {
		what, _, _ := strings.Cut(name, ":")
		if what != "region" && what != "speed" {
			return nil, fmt.Errorf("unknown multiplier %q", name)
		}
		if !plain.MatchString(factor) {
			return nil, fmt.Errorf("multiplier %s: %q is no plain decimal number", name, factor)
		}
	}
	return m, nil
}
