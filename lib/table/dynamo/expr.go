package dynamo

import (
	"math"
	"strconv"
	"strings"

	"weir/lib/table"
)

// expr writes expressions. Names and values go by short aliases: names may be
// reserved words or hold any character, and DynamoDB counts the text's length.
type expr struct {
	names  map[string]string // alias → attribute
	alias  map[string]string // attribute → alias
	values values
}

func (e *expr) name(attr string) string {
	if a, ok := e.alias[attr]; ok {
		return a
	}
	if e.alias == nil {
		e.alias, e.names = map[string]string{}, map[string]string{}
	}
	a := "#" + strconv.Itoa(len(e.names))
	e.alias[attr], e.names[a] = a, attr
	return a
}

func (e *expr) value(v any) string {
	if e.values == nil {
		e.values = values{}
	}
	a := ":" + strconv.Itoa(len(e.values))
	e.values[a] = toValue(v)
	return a
}

// condition returns the condition of a write, nil where there is none: its
// tests, and one test for each Add that its sum stays inside int64.
//
// DynamoDB's own numbers have 38 digits, so it would add beyond int64. That
// test makes it refuse instead, in the same call; adding to what is not a
// number fails it likewise. Which of all tests refused is read from the old item that
// comes with the refusal, see refusal.
func (e *expr) condition(w table.Write) *string {
	parts := make([]string, 0, len(w.If)+len(w.Add))
	for _, t := range w.If {
		parts = append(parts, e.test(t))
	}
	for attr, delta := range w.Add {
		if !bounded(w.If, attr, delta) {
			parts = append(parts, e.sumInRange(attr, delta))
		}
	}
	if len(parts) == 0 {
		return nil
	}
	s := strings.Join(parts, " AND ")
	return &s
}

// sumInRange holds for the numbers that delta may be added to: those of int64,
// without the ones from which the sum would leave it.
func (e *expr) sumInRange(attr string, delta int64) string {
	low, high := int64(math.MinInt64), int64(math.MaxInt64)
	if delta > 0 {
		high -= delta
	} else {
		low -= delta
	}
	name := e.name(attr)
	return "(attribute_not_exists(" + name + ") OR " + name + " BETWEEN " + e.value(low) + " AND " + e.value(high) + ")"
}

// bounded reports whether one of the tests already keeps the sum inside int64:
// those of a reserve do, and their condition shall not double.
func bounded(tests []table.Test, attr string, delta int64) bool {
	for _, t := range tests {
		n, isNumber := t.Val.(int64)
		if t.Attr != attr || !isNumber {
			continue
		}
		below := t.Op == table.Le || t.Op == table.Lt || t.Op == table.Eq
		above := t.Op == table.Ge || t.Op == table.Gt || t.Op == table.Eq
		if delta >= 0 && below && n <= math.MaxInt64-delta || delta < 0 && above && n >= math.MinInt64-delta {
			return true
		}
	}
	return false
}

func (e *expr) test(t table.Test) string {
	name := e.name(t.Attr)
	switch t.Op {
	case table.Exists:
		return "attribute_exists(" + name + ")"
	case table.Absent:
		return "attribute_not_exists(" + name + ")"
	case table.Eq, table.Ne, table.Lt, table.Le, table.Gt, table.Ge:
	}
	s := name + " " + string(t.Op) + " " + e.value(t.Val)
	if t.OrAbsent {
		return "(attribute_not_exists(" + name + ") OR " + s + ")"
	}
	return s
}

// update returns the update expression of an Update.
func (e *expr) update(w table.Write) *string {
	var set, add []string
	for attr, v := range w.Set {
		set = append(set, e.name(attr)+"="+e.value(v))
	}
	for attr, delta := range w.Add {
		add = append(add, e.name(attr)+" "+e.value(delta))
	}
	remove := make([]string, 0, len(w.Remove))
	for _, attr := range w.Remove {
		remove = append(remove, e.name(attr))
	}
	var parts []string
	for _, c := range []struct {
		verb    string
		clauses []string
	}{{"SET ", set}, {"ADD ", add}, {"REMOVE ", remove}} {
		if len(c.clauses) > 0 {
			parts = append(parts, c.verb+strings.Join(c.clauses, ","))
		}
	}
	s := strings.Join(parts, " ")
	return &s
}
