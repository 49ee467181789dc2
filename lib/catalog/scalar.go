package catalog

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"weir/lib/money"
)

// scalar is a value of one word. parse returns what is wrong, empty when
// nothing is.
func scalar[T any](what string, plain map[string]any, parse func(n *yaml.Node) (T, string)) shape[T] {
	s := shape[T]{about: about{What: what, Plain: plain}}
	s.read = func(d *decoder, n *yaml.Node, to *T) {
		if !d.expect(n, yaml.ScalarNode, what) {
			return
		}
		v, wrong := parse(n)
		if wrong != "" {
			d.errorf(at(n), "%s: %s", d.here(), wrong)
			return
		}
		*to = v
	}
	return s
}

// text is a string that matches pattern; wrong says what it should be.
func text(what, pattern string, most int, wrong string) shape[string] {
	re := regexp.MustCompile(pattern)
	return scalar(what, map[string]any{"type": "string", "pattern": pattern, "maxLength": most}, func(n *yaml.Node) (string, string) {
		switch {
		case n.Tag != "!!str":
			return "", fmt.Sprintf("this reads as %s and must be text; put it in quotes", nodeKind(n))
		case len([]rune(n.Value)) > most:
			return "", fmt.Sprintf("is longer than %d characters", most)
		case !re.MatchString(n.Value):
			return "", wrong
		}
		return n.Value, ""
	})
}

// word is one of a few strings.
func word(words ...string) shape[string] {
	what := "one of " + strings.Join(words, ", ")
	if len(words) == 1 {
		what = words[0]
	}
	return scalar(what, map[string]any{"enum": words}, func(n *yaml.Node) (string, string) {
		if !slices.Contains(words, n.Value) || n.Tag != "!!str" {
			return "", quote(n.Value) + " is not known" + advise(n.Value, words, nil)
		}
		return n.Value, ""
	})
}

// exactly is one number.
func exactly(v int) shape[int] {
	return scalar(fmt.Sprintf("the number %d", v), map[string]any{"const": v}, func(n *yaml.Node) (int, string) {
		switch {
		case n.Tag != "!!int" && n.Value == strconv.Itoa(v):
			return 0, "write the number without quotes"
		case n.Value != strconv.Itoa(v):
			return 0, fmt.Sprintf("%s is not supported; this gateway reads version %d", quote(n.Value), v)
		}
		return v, ""
	})
}

// durationPattern is how a duration is written; "1h30m" is one.
const durationPattern = `^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`

var durationForm = regexp.MustCompile(durationPattern)

// duration is a time span within bounds.
func duration(least, most time.Duration) shape[time.Duration] {
	what := "a duration such as 20s or 1m30s"
	s := scalar(what, map[string]any{"type": "string", "pattern": durationPattern}, func(n *yaml.Node) (time.Duration, string) {
		if !durationForm.MatchString(n.Value) {
			if n.Tag == "!!int" || n.Tag == "!!float" {
				return 0, fmt.Sprintf("%s has no unit; write %ss for seconds, or ms, m, h", n.Value, strings.TrimLeft(n.Value, "+-"))
			}
			return 0, fmt.Sprintf("%s is not %s", quote(n.Value), what)
		}
		v, err := time.ParseDuration(n.Value)
		switch {
		case err != nil || v > most:
			return 0, fmt.Sprintf("%s is too long; the most is %s", n.Value, short(most))
		case v < least:
			return 0, fmt.Sprintf("%s is too short; the least is %s", n.Value, short(least))
		}
		return v, ""
	})
	s.about.Range = short(least) + " to " + short(most)
	return s
}

// short writes a duration without its zero parts.
func short(v time.Duration) string {
	s := v.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

// sizePattern is how a number of bytes is written.
const sizePattern = `^[0-9]+(B|KiB|MiB)$`

var (
	sizeForm  = regexp.MustCompile(`^([0-9]+)(B|KiB|MiB)$`)
	sizeUnits = map[string]int64{"B": 1, "KiB": 1 << 10, "MiB": 1 << 20}
)

// size is a number of bytes within bounds.
func size(least, most int64) shape[int64] {
	s := scalar("a size such as 6MiB", map[string]any{"type": "string", "pattern": sizePattern}, func(n *yaml.Node) (int64, string) {
		m := sizeForm.FindStringSubmatch(n.Value)
		if m == nil {
			return 0, fmt.Sprintf("%s is not a size; write a whole number with B, KiB (1,024 bytes) or MiB, such as 6MiB", quote(n.Value))
		}
		v, err := strconv.ParseInt(m[1], 10, 64)
		unit := sizeUnits[m[2]]
		switch {
		case err != nil || v > most/unit:
			return 0, fmt.Sprintf("%s is too large; the most is %s", n.Value, inMiB(most))
		case v*unit < least:
			return 0, fmt.Sprintf("%s is too small; the least is %s", n.Value, inMiB(least))
		}
		return v * unit, ""
	})
	s.about.Range = inMiB(least) + " to " + inMiB(most)
	return s
}

func inMiB(n int64) string {
	if n%(1<<20) == 0 {
		return fmt.Sprintf("%dMiB", n>>20)
	}
	return fmt.Sprintf("%dKiB", n>>10)
}

// day is a date; its value is midnight in UTC.
func day() shape[time.Time] {
	plain := map[string]any{"type": "string", "pattern": `^20[0-9]{2}-[0-9]{2}-[0-9]{2}$`}
	return scalar("a date such as 2026-11-01", plain, func(n *yaml.Node) (time.Time, string) {
		v, err := time.Parse(time.DateOnly, n.Value)
		if err != nil || v.Year() < 2000 || v.Year() > 2099 {
			return time.Time{}, quote(n.Value) + " is not a date such as 2026-11-01"
		}
		return v, ""
	})
}

// zonePattern is how a time zone is named; which names there are only the
// database knows.
const zonePattern = `^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$`

var zoneForm = regexp.MustCompile(zonePattern)

// zone is a time zone by its name in the IANA database, which is the system's
// or the program's own (package time/tzdata).
func zone() shape[*time.Location] {
	plain := map[string]any{"type": "string", "pattern": zonePattern, "maxLength": 64}
	return scalar("a time zone such as Europe/Berlin", plain, func(n *yaml.Node) (*time.Location, string) {
		const advice = "; write a name of the IANA database, such as UTC, Europe/Berlin or America/New_York"
		switch {
		case n.Tag != "!!str" || len(n.Value) > 64 || !zoneForm.MatchString(n.Value):
			return nil, quote(n.Value) + " is not a time zone" + advice
		case n.Value == "Local":
			return nil, "Local is another zone on every machine" + advice
		}
		v, err := time.LoadLocation(n.Value)
		if err != nil {
			return nil, "there is no time zone " + quote(n.Value) + advice
		}
		return v, ""
	})
}

// usd is an amount of dollars, read from its text: exact, never a float.
// A positive amount under least is refused as given in another unit.
func usd(least, most, unit string) shape[money.NanoUSD] {
	low, high := mustUSD(least), mustUSD(most)
	plain := map[string]any{
		"type": "number", "maximum": json.Number(most),
		"anyOf": []any{map[string]any{"const": 0}, map[string]any{"minimum": json.Number(least)}},
	}
	s := scalar("US dollars "+unit, plain, func(n *yaml.Node) (money.NanoUSD, string) {
		if n.Tag != "!!int" && n.Tag != "!!float" {
			return 0, quote(n.Value) + " is not a number; write dollars as a decimal without quotes, such as 0.15"
		}
		v, err := money.ParseUSD(n.Value)
		switch {
		case err != nil && !errors.Is(err, money.ErrOverflow):
			return 0, fmt.Sprintf("%s is not a price; write dollars as a plain decimal with at most nine decimals, such as 0.15", n.Value)
		case err != nil || v > high:
			return 0, fmt.Sprintf("%s is more than %s; prices are in US dollars %s", n.Value, most, unit)
		case v > 0 && v < low:
			return 0, fmt.Sprintf("%s is less than %s and not 0; prices are in US dollars %s", n.Value, least, unit)
		}
		return v, ""
	})
	s.about.Range = "0, or " + least + " to " + most
	return s
}

// mustUSD reads an amount of this package's own tables.
func mustUSD(s string) money.NanoUSD {
	v, err := money.ParseUSD(s)
	if err != nil {
		panic(err) // a constant above is mistyped; every test would see it
	}
	return v
}
