package gateway

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"weir/lib/fault"
	"weir/lib/llm"
)

// The gateway's own request headers.
const (
	headerTags   = "X-Weir-Tags"
	headerRun    = "X-Weir-Run-Id"
	headerStrict = "X-Weir-Strict"
)

// Limits on what a row keeps of a caller's labels.
const (
	maxTags     = 16
	maxTagName  = 40
	maxTagValue = 128 // characters
	maxRunID    = 128
	tagUseCase  = "use_case" // a column of the cost tables
)

// labels are a call's tags and what else its headers say.
type labels struct {
	useCase string
	tags    map[string]string // without use_case
	runID   string
	strict  bool
}

// readLabels reads the gateway's headers. Malformed ones are refused; tags of
// the body, which belong to the vendor's API, give way to them and are dropped
// where they do not fit.
func readLabels(h http.Header, f llm.Facts) (labels, error) {
	const op = "gateway.readLabels"
	l := labels{tags: map[string]string{}, runID: h.Get(headerRun)}
	if utf8.RuneCountInString(l.runID) > maxRunID || !printable(l.runID) {
		return l, &fault.Error{
			Kind: fault.Invalid, Op: op, Param: "x-weir-run-id",
			Public: fmt.Sprintf("The header x-weir-run-id takes at most %d printable characters.", maxRunID),
		}
	}
	switch v := h.Get(headerStrict); strings.ToLower(v) {
	case "", "false":
	case "true":
		l.strict = true
	default:
		return l, &fault.Error{Kind: fault.Invalid, Op: op, Param: "x-weir-strict", Public: "The header x-weir-strict takes true or false."}
	}
	if err := l.header(h.Values(headerTags)); err != nil {
		return l, err
	}
	l.body(f.Tags)
	l.useCase = l.tags[tagUseCase]
	delete(l.tags, tagUseCase)
	return l, nil
}

// body takes the tags of the body that fit: the use case first, because calls
// are paid by it, the others in the order of their names, so that equal
// requests keep equal tags.
func (l *labels) body(tags map[string]string) {
	names := slices.Sorted(maps.Keys(tags))
	for _, name := range append([]string{tagUseCase}, names...) {
		value, ok := tags[name]
		if _, taken := l.tags[name]; taken || !ok || !tagName(name) || !tagValue(value) || len(l.tags) >= maxTags {
			continue
		}
		l.tags[name] = value
	}
}

// header reads x-weir-tags: name=value pairs behind commas, values
// percent-encoded as in W3C baggage (w3.org/TR/baggage, section 3.3.1).
func (l *labels) header(values []string) error {
	for pair := range strings.SplitSeq(strings.Join(values, ","), ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		name, value, why := readTag(pair)
		if _, twice := l.tags[name]; twice {
			why = name + " occurs twice"
		}
		if len(l.tags) == maxTags {
			why = fmt.Sprintf("there are more than %d tags", maxTags)
		}
		if why != "" {
			return &fault.Error{
				Kind: fault.Invalid, Op: "gateway.readLabels", Param: "x-weir-tags",
				Public: "The header x-weir-tags is malformed: " + why +
					". Write name=value pairs with commas between them, values percent-encoded.",
			}
		}
		l.tags[name] = value
	}
	return nil
}

// readTag reads one pair; why says what is wrong with it.
func readTag(pair string) (name, value, why string) {
	name, value, ok := strings.Cut(pair, "=")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	if !ok {
		return "", "", "a tag has no ="
	}
	if !tagName(name) {
		return "", "", fmt.Sprintf("a name must be 1 to %d of a-z 0-9 _ . -", maxTagName)
	}
	value, err := url.PathUnescape(value)
	if err != nil || !tagValue(value) {
		return "", "", fmt.Sprintf("the value of %s must be at most %d printable characters, percent-encoded", name, maxTagValue)
	}
	return name, value, ""
}

func tagName(s string) bool {
	if s == "" || len(s) > maxTagName {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '.' && c != '-' {
			return false
		}
	}
	return true
}

func tagValue(s string) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= maxTagValue && printable(s)
}

// printable reports that s has no control characters.
func printable(s string) bool {
	for _, r := range s {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return false
		}
	}
	return true
}
