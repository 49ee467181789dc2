package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"weir/lib/money"
)

// vendors maps the collections' names of providers to the kinds of the
// provider table.
var vendors = map[string]string{
	"openai": "openai", "groq": "groq", "mistral-ai": "mistral", "deepseek": "deepseek", "together-ai": "together",
	"openrouter": "openrouter", "x-ai": "xai", "fireworks-ai": "fireworks", "anthropic": "anthropic", "bedrock": "bedrock",
}

// kinds are the kinds of models that are called through chat or embeddings.
// Collection a states none.
var kinds = map[string]bool{"": true, "chat": true, "responses": true, "completion": true, "embedding": true}

// model is a vendor's model.
type model struct{ vendor, name string }

// source is one collection, read.
type source struct {
	name    string
	rows    map[key]row
	foreign map[model]bool // models that neither chat nor embed
	refused map[key]bool
	notes   []string
}

func (s *source) note(format string, args ...any) {
	s.notes = append(s.notes, s.name+": "+fmt.Sprintf(format, args...))
}

// readSource reads a collection.
func readSource(name, path string) (*source, error) {
	s := &source{name: name, rows: map[key]row{}, foreign: map[model]bool{}, refused: map[key]bool{}}
	err := eachRecord(path, func(f map[string]string) error { return s.add(f) })
	if err != nil {
		return nil, err
	}
	if len(s.rows) == 0 {
		return nil, fmt.Errorf("%s holds no price of a known vendor", path)
	}
	return s, nil
}

// eachRecord calls use with the fields of every line, by the name of their
// column.
func eachRecord(path string, use func(f map[string]string) error) error {
	file, err := os.Open(path) //nolint:gosec // the file that the operator names
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // only read
	r := csv.NewReader(file)
	head, err := r.Read()
	if err != nil {
		return fmt.Errorf("%s: no header: %w", path, err)
	}
	head = slices.Clone(head)
	r.ReuseRecord = true
	fields := map[string]string{}
	for {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		for i, name := range head {
			fields[name] = rec[i]
		}
		if err := use(fields); err != nil {
			line, _ := r.FieldPos(0)
			return fmt.Errorf("%s:%d: %w", path, line, err)
		}
	}
}

// add takes one line of a collection.
func (s *source) add(f map[string]string) error {
	vendor, ok := vendors[f["provider"]]
	if !ok {
		return nil
	}
	if p := f["provider"]; strings.HasSuffix(p, "-ai") && strings.HasPrefix(f["model"], p+"-") {
		return nil // a class of models by size, such as together-ai-4.1b-8b
	}
	m := model{vendor, f["model"]}
	if !kinds[f["kind"]] {
		s.foreign[m] = true
		return nil
	}
	k, err := parseKey(vendor, f)
	if err != nil {
		return err
	}
	r, err := parseRow(f)
	if err != nil {
		return err
	}
	for i, n := range r.figures {
		if n == 0 {
			r.figures[i] = unknown
		}
	}
	maps.DeleteFunc(r.units, func(_ string, n money.NanoUSD) bool { return n == 0 })
	if !r.priced() {
		return nil
	}
	r.source = s.name
	regions := []string{""}
	if region := f["region"]; region != "default" && region != "" {
		regions = strings.Split(region, ",")
	}
	for _, region := range regions {
		k.region = region
		s.put(k, r)
	}
	return nil
}

// put adds a row. A collection that states one price twice (with and without
// the region "default") may disagree with itself.
func (s *source) put(k key, r row) {
	if old, twice := s.rows[k]; twice {
		r = mergeRows(old, r)
		if r.review {
			s.note("%v: stated twice, differently", k)
		}
	}
	s.rows[k] = r
}

func parseKey(vendor string, f map[string]string) (key, error) {
	k := key{vendor: vendor, model: f["model"], region: f["region"], tier: f["tier"]}
	if k.model == "" || k.tier == "" || strings.ContainsAny(k.model+k.tier, ",\"\n") {
		return key{}, fmt.Errorf("model %q, tier %q: empty, or not to be written without quotes", k.model, k.tier)
	}
	if s := f["above_tokens"]; s != "" {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n <= 0 {
			return key{}, fmt.Errorf("above_tokens %q is no positive number", s)
		}
		k.above = n
	}
	return k, nil
}

func parseRow(f map[string]string) (row, error) {
	r := row{readOn: f["read_on"]}
	for i, name := range buckets {
		r.figures[i] = unknown
		if f[name] == "" {
			continue
		}
		n, err := dollars(f[name])
		if err != nil {
			return row{}, fmt.Errorf("%s: %w", name, err)
		}
		r.figures[i] = n
	}
	units := f["other_usd_per_unit"]
	if units == "" {
		units = f["units"]
	}
	var err error
	if r.units, err = parseUnits(units); err != nil {
		return row{}, err
	}
	if r.multipliers, err = parseMultipliers(f["multipliers"]); err != nil {
		return row{}, err
	}
	if len(r.readOn) != len("2006-01-02") {
		return row{}, fmt.Errorf("read_on %q is no date", r.readOn)
	}
	return r, nil
}

// readOverrides reads the rows that somebody has looked up.
func readOverrides(path string) (map[key]row, error) {
	rows := map[key]row{}
	err := eachRecord(path, func(f map[string]string) error {
		k, err := parseKey(f["vendor"], f)
		if err != nil {
			return err
		}
		if f["source"] == "" {
			return fmt.Errorf("%v: say in column source where it was looked up", k)
		}
		if _, twice := rows[k]; twice {
			return fmt.Errorf("%v stands twice", k)
		}
		r, err := parseRow(f)
		if err != nil {
			return err
		}
		if !r.priced() {
			return fmt.Errorf("%v has no price of input or output", k)
		}
		r.source = "override"
		rows[k] = r
		return nil
	})
	return rows, err
}
