package price

import (
	_ "embed" // book.csv
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"weir/lib/money"
)

//go:embed book.csv
var bookCSV string

// columns of book.csv. The first five are the key.
const columns = "vendor,model,region,tier,above_tokens," +
	"input,output,cache_read,cache_write_5m,cache_write_1h,input_audio,output_audio,units,source,review"

const (
	colAbove   = 4
	colBuckets = 5
	colUnits   = 12
	colSource  = 13
	colReview  = 14
	numColumns = 15
)

// titlePrefix begins the first line of the book, before its version.
const titlePrefix = "# price book "

// Book is the price book. Immutable and safe for concurrent use.
type Book struct {
	version string
	rows    []string // as in book.csv, sorted bytewise; parsed when they are found
}

// Load returns the book that is built into the program. It looks at the book's
// head only, so that a cold start pays next to nothing; rows are parsed when
// they are found. That they all parse is a test's promise.
func Load() (*Book, error) { return parse(bookCSV) }

func parse(text string) (*Book, error) {
	title, rest, _ := strings.Cut(text, "\n")
	version, ok := strings.CutPrefix(title, titlePrefix)
	if !ok || version == "" {
		return nil, fmt.Errorf("price: the book does not begin with %q and its version", titlePrefix)
	}
	head, rest, _ := strings.Cut(rest, "\n")
	if head != columns {
		return nil, fmt.Errorf("price: the book's columns are %q, want %q: generate it again", head, columns)
	}
	rows := strings.Split(strings.TrimSuffix(rest, "\n"), "\n")
	return &Book{version: version, rows: rows}, nil
}

// Version names the book: the day of its newest fact. Prices of gateway.yaml
// are apart; they are part of the configuration's hash.
func (b *Book) Version() string { return b.version }

// Find returns the price of q.Model by q.Vendor, overrides apart.
//
// The model must have a row under its own name: a snapshot such as
// gpt-4o-2024-08-06 is not priced as gpt-4o, nor the other way round. Names
// that are the same thing by the vendor's own word are resolved; see names.
//
// A region with rows of its own is priced by these alone. Any other region has
// the rows without one, marked for review where the model has regional prices.
//
// A tier without a row: batch, flex and off-peak are discounts, so the standard
// price bounds them and stands in, marked for review. Of any other tier the
// price is unknown.
func (b *Book) Find(q Query) (p Price, ok bool) {
	for _, n := range names(q) {
		if p, ok := b.find(q.Vendor, n, standardTier(q.Tier)); ok {
			return p, true
		}
	}
	return Price{}, false
}

// Models lists the models of a vendor that the book has under a name of their
// own, in order.
func (b *Book) Models(vendor string) []string {
	var models []string
	for _, row := range b.with(vendor + ",") {
		m, _, _ := strings.Cut(row[len(vendor)+1:], ",")
		if !strings.Contains(m, wildcard) && (len(models) == 0 || models[len(models)-1] != m) {
			models = append(models, m)
		}
	}
	return models
}

func (b *Book) find(vendor string, n name, tier string) (Price, bool) {
	model := vendor + "," + n.model + ","
	prefix, standIn := model+n.region+",", false
	if n.region != "" && len(b.with(prefix)) == 0 {
		if n.regionOnly {
			return Price{}, false
		}
		prefix = model + ","
		standIn = len(b.with(model)) > len(b.with(prefix))
	}
	rows := b.with(prefix + tier + ",")
	if len(rows) == 0 && discounted(tier) {
		rows, standIn = b.with(prefix+tierStandard+","), true
	}
	if len(rows) == 0 {
		return Price{}, false
	}
	p, err := parsePrice(rows)
	if err != nil {
		return Price{}, false // no price is the safe reading of a broken row
	}
	p.Review = p.Review || standIn
	return p, true
}

// with returns the rows that begin with prefix.
func (b *Book) with(prefix string) []string {
	from, _ := slices.BinarySearch(b.rows, prefix)
	to := from
	for to < len(b.rows) && strings.HasPrefix(b.rows[to], prefix) {
		to++
	}
	return b.rows[from:to]
}

const tierStandard = "standard"

// standardTier names a tier as the book does. Vendors have words of their own
// for the standard tier: OpenAI's answers say default
// (platform.openai.com/docs/api-reference/chat/object), Groq's on_demand
// (console.groq.com/docs/service-tiers); read 2026-11.
func standardTier(tier string) string {
	switch tier {
	case "", "default", "auto", "on_demand":
		return tierStandard
	}
	return tier
}

// discounted reports whether vendors offer the tier as a discount.
func discounted(tier string) bool { return tier == "batch" || tier == "flex" || tier == "off-peak" }

// parsePrice reads the rows of one model, region and tier: at most one without
// a threshold, and those of its thresholds.
func parsePrice(rows []string) (Price, error) {
	var p Price
	base := false
	for _, row := range rows {
		above, x, err := parseRow(row)
		switch {
		case err != nil:
			return Price{}, err
		case above > 0:
			p.Above = append(p.Above, Threshold{Tokens: above, Price: x})
		default:
			x.Above, p, base = p.Above, x, true
		}
	}
	if !base {
		return Price{}, errors.New("price: thresholds without a price below them")
	}
	slices.SortFunc(p.Above, func(a, b Threshold) int { return int(a.Tokens - b.Tokens) })
	for _, t := range p.Above {
		p.Review = p.Review || t.Price.Review
	}
	return p, nil
}

// parseRow reads one row of the book.
func parseRow(row string) (above int64, p Price, err error) {
	f, err := csv.NewReader(strings.NewReader(row)).Read()
	if err != nil {
		return 0, Price{}, fmt.Errorf("price: row %q: %w", row, err)
	}
	if len(f) != numColumns {
		return 0, Price{}, fmt.Errorf("price: row %q has %d columns, want %d", row, len(f), numColumns)
	}
	if f[colAbove] != "" {
		if above, err = strconv.ParseInt(f[colAbove], 10, 64); err != nil || above <= 0 {
			return 0, Price{}, fmt.Errorf("price: row %q: %q is no threshold", row, f[colAbove])
		}
	}
	for i, to := range []**money.PerMillion{
		&p.Input, &p.Output, &p.CacheRead, &p.CacheWrite5m, &p.CacheWrite1h, &p.AudioInput, &p.AudioOutput,
	} {
		if s := f[colBuckets+i]; s != "" {
			n, err := money.ParseUSD(s)
			if err != nil {
				return 0, Price{}, fmt.Errorf("price: row %q: %w", row, err)
			}
			*to = new(money.PerMillion(n)) // dollars and nano-dollars, both per million
		}
	}
	if p.Units, err = parseUnits(f[colUnits]); err != nil {
		return 0, Price{}, fmt.Errorf("price: row %q: %w", row, err)
	}
	p.Source, p.Review = f[colSource], f[colReview] != ""
	return above, p, nil
}

// parseUnits reads a JSON object of dollars per unit, as decimal strings.
func parseUnits(s string) (map[string]money.NanoUSD, error) {
	if s == "" {
		return nil, nil
	}
	var dollars map[string]string
	if err := json.Unmarshal([]byte(s), &dollars); err != nil {
		return nil, fmt.Errorf("units: %w", err)
	}
	units := make(map[string]money.NanoUSD, len(dollars))
	for name, d := range dollars {
		n, err := money.ParseUSD(d)
		if err != nil {
			return nil, fmt.Errorf("units: %s: %w", name, err)
		}
		units[name] = n
	}
	return units, nil
}
