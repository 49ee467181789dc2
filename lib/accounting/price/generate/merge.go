package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"weir/lib/money"
)

// ceiling is the price above which a figure is a slip: dollars per million
// tokens.
const ceiling money.NanoUSD = 1000 * 1_000_000_000

// dropModels leaves out models that the other collection knows to do something
// else than chat and embeddings.
func (s *source) dropModels(foreign map[model]bool) {
	maps.DeleteFunc(s.rows, func(k key, _ row) bool { return foreign[model{k.vendor, k.model}] })
}

// refuse takes implausible rows out of s.
func (s *source) refuse() {
	for _, k := range sorted(s.rows) {
		if why := s.implausible(k, s.rows[k]); why != "" {
			s.refused[k] = true
			s.note("%v: refused: %s", k, why)
		}
	}
	for k := range s.refused {
		delete(s.rows, k)
	}
}

func (s *source) implausible(k key, r row) string {
	for i, n := range r.figures {
		if n > ceiling {
			return fmt.Sprintf("%s is over 1,000 dollars per million tokens", buckets[i])
		}
	}
	if more(r.figures[cacheRead], r.figures[input]) {
		return "a cache read is dearer than input"
	}
	if list, ok := s.rows[k.list()]; ok && discounted(k.tier) && r.dearer(list) {
		return k.tier + " is dearer than standard"
	}
	if base, ok := s.rows[k.base()]; ok && k.above > 0 && base.dearer(r) {
		return "a long prompt is cheaper than a short one"
	}
	return ""
}

// merged is the book in the making.
type merged struct {
	rows  map[key]row
	notes []string
}

func (m *merged) note(format string, args ...any) {
	m.notes = append(m.notes, fmt.Sprintf(format, args...))
}

// merge joins the two collections.
func merge(a, b *source) *merged {
	m := &merged{rows: map[key]row{}}
	all := maps.Clone(a.rows)
	maps.Copy(all, b.rows)
	for _, k := range sorted(all) {
		ra, inA := a.rows[k]
		rb, inB := b.rows[k]
		switch {
		case inA && inB:
			r := mergeRows(ra, rb)
			if r.review && !ra.review && !rb.review {
				m.note("%v: a and b disagree", k)
			}
			m.rows[k] = r
		case inA:
			ra.review = ra.review || b.refused[k]
			m.rows[k] = ra
		default:
			rb.review = rb.review || a.refused[k]
			m.rows[k] = rb
		}
	}
	return m
}

// mergeRows takes the higher of each pair of figures; the row is for review
// where a pair disagrees.
func mergeRows(a, b row) row {
	r := row{source: "a+b", review: a.review || b.review, readOn: max(a.readOn, b.readOn), units: maps.Clone(a.units)}
	if a.source == b.source {
		r.source = a.source
	}
	r.multipliers = a.multipliers
	if len(b.multipliers) > 0 { // only one collection states any
		r.multipliers = b.multipliers
	}
	for i := range r.figures {
		x, y := a.figures[i], b.figures[i]
		r.figures[i] = max(x, y) // unknown is below every price
		r.review = r.review || x != unknown && y != unknown && !agree(x, y)
	}
	for name, n := range b.units {
		old, both := r.units[name]
		if r.units == nil {
			r.units = map[string]money.NanoUSD{}
		}
		r.units[name] = max(old, n)
		r.review = r.review || both && !agree(old, n)
	}
	return r
}

// agree reports whether two figures are within 1 % of the higher: the same
// price, rounded differently.
func agree(x, y money.NanoUSD) bool { return max(x, y)-min(x, y) <= max(x, y)/100 }

// settle makes the merged rows agree with each other, always upwards.
func (m *merged) settle() {
	m.lendUnits()
	keys := sorted(m.rows)
	for _, k := range keys { // tiers, before long prompts are compared with them
		list, ok := m.rows[k.list()]
		if k.tier == standard || !ok {
			continue
		}
		r := m.rows[k]
		if !discounted(k.tier) {
			m.raise(k, list, k.tier+" cheaper than standard")
		} else if r.dearer(list) {
			m.note("%v: dropped: dearer than standard once merged", k)
			delete(m.rows, k)
		}
	}
	for _, k := range keys {
		if base, ok := m.rows[k.base()]; ok && k.above > 0 {
			m.raise(k, base, "a long prompt cheaper than a short one")
		}
	}
	for _, k := range sorted(m.rows) {
		r := m.rows[k]
		if more(r.figures[cacheRead], r.figures[input]) {
			m.note("%v: a cache read dearer than input once merged: left out", k)
			r.figures[cacheRead], r.review = unknown, true
			m.rows[k] = r
		}
	}
	m.lengthen()
	m.multiply()
}

// lendUnits gives every tier the unit prices of standard, where it has none:
// tools cost the same in all of them.
func (m *merged) lendUnits() {
	for k, r := range m.rows {
		if k.above == 0 && len(r.units) == 0 {
			r.units = m.rows[k.list()].units
			m.rows[k] = r
		}
	}
}

// multiply adds the rows that multipliers stand for: of regions (region:eu)
// and, for the standard tier, of speeds (speed:fast).
func (m *merged) multiply() {
	for _, k := range sorted(m.rows) {
		r := m.rows[k]
		for _, name := range slices.Sorted(maps.Keys(r.multipliers)) {
			to := k
			switch what, value, _ := strings.Cut(name, ":"); {
			case what == "region":
				to.region = value
			case k.tier != standard:
				continue
			default:
				to.tier = value
			}
			x := r.times(r.multipliers[name])
			if old, ok := m.rows[to]; ok {
				x = mergeRows(old, x)
			}
			m.rows[to] = x
		}
	}
}

// lengthen gives every tier the thresholds of its standard price.
func (m *merged) lengthen() {
	tiers := map[key][]string{} // by standard key
	for _, k := range sorted(m.rows) {
		if k.above == 0 && k.tier != standard {
			tiers[k.list()] = append(tiers[k.list()], k.tier)
		}
	}
	for _, k := range sorted(m.rows) {
		if k.above == 0 || k.tier != standard {
			continue
		}
		for _, tier := range tiers[k.base()] {
			t := k
			t.tier = tier
			if _, ok := m.rows[t]; !ok {
				own := m.rows[t.base()]
				r := mergeRows(own, m.rows[k])
				r.review, r.units, r.multipliers = true, nil, own.multipliers
				m.rows[t] = r
				m.note("%v: missing, bounded by standard", t)
			}
		}
	}
}

// raise lifts the figures of k to those of floor.
func (m *merged) raise(k key, floor row, why string) {
	r, ok := m.rows[k]
	if !ok {
		return
	}
	for i, n := range r.figures {
		if more(floor.figures[i], n) {
			r.figures[i] = floor.figures[i]
			r.review = true
			m.note("%v: %s raised: %s", k, buckets[i], why)
		}
	}
	m.rows[k] = r
}

// sorted returns the keys of rows in the order of the book.
func sorted(rows map[key]row) []key {
	return slices.SortedFunc(maps.Keys(rows), func(x, y key) int { return strings.Compare(x.csv(), y.csv()) })
}

// csv renders the book: a title with its version (the day of the newest fact),
// the header, and the rows, sorted bytewise so that they can be searched.
func (m *merged) csv() []byte {
	version := ""
	lines := make([]string, 0, len(m.rows))
	for k, r := range m.rows {
		version = max(version, r.readOn)
		lines = append(lines, k.csv()+r.csv())
	}
	slices.Sort(lines)
	var b bytes.Buffer
	fmt.Fprintf(&b, "# price book %s\nvendor,model,region,tier,above_tokens,%s,units,source,review\n",
		version, strings.Join(buckets[:], ","))
	for _, l := range lines {
		b.WriteString(l)
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func (k key) csv() string {
	above := ""
	if k.above > 0 {
		above = strconv.FormatInt(k.above, 10)
	}
	return strings.Join([]string{k.vendor, k.model, k.region, k.tier, above}, ",") + ","
}

func (r row) csv() string {
	var cells []string
	for _, n := range r.figures {
		if n == unknown {
			cells = append(cells, "")
		} else {
			cells = append(cells, n.String())
		}
	}
	units := ""
	if len(r.units) > 0 {
		dollars := map[string]string{}
		for name, n := range r.units {
			dollars[name] = n.String()
		}
		raw, _ := json.Marshal(dollars) // strings always marshal; keys come sorted
		units = `"` + strings.ReplaceAll(string(raw), `"`, `""`) + `"`
	}
	review := ""
	if r.review {
		review = "review"
	}
	return strings.Join(append(cells, units, r.source, review), ",")
}
