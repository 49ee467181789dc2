package keys

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"weir/lib/fault"
)

// Limits of a record's fields, in characters.
const (
	maxLabel     = 128
	maxPattern   = 256
	maxPatterns  = 64
	maxPrincipal = 512
)

// check refuses a spec that makes no sense, with the member at fault.
func (spec Spec) check(now time.Time) error {
	for _, l := range []struct{ param, text string }{{"team", spec.Team}, {"app", spec.App}} {
		if l.text == "" {
			return invalid(l.param, "The "+l.param+" is missing: a key's calls are counted and paid by team and app.")
		}
		if err := checkText(l.param, l.text, maxLabel); err != nil {
			return err
		}
	}
	if err := checkText("name", spec.Name, maxLabel); err != nil {
		return err
	}
	if len(spec.Models) > maxPatterns {
		return invalid("models", fmt.Sprintf("A key takes at most %d patterns of models, not %d.", maxPatterns, len(spec.Models)))
	}
	for _, p := range spec.Models {
		if p == "" {
			return invalid("models", "A pattern of models is empty. Leave models out to allow all of them.")
		}
		if err := checkText("models", p, maxPattern); err != nil {
			return err
		}
	}
	if !spec.Expires.IsZero() && (!spec.Expires.After(now) || spec.Expires.Year() > 9999) {
		return invalid("expires", "The key would expire at "+spec.Expires.UTC().Format(time.RFC3339)+". Choose a time to come.")
	}
	return checkPrincipal(spec.Principal)
}

// checkPrincipal accepts a pattern of ARNs whose account is spelled out: a
// "*" before it would let strangers in
// (docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html, read
// 2026-11-25: arn:partition:service:region:account-id:resource).
func checkPrincipal(p string) error {
	if p == "" {
		return nil
	}
	if err := checkText("principal", p, maxPrincipal); err != nil {
		return err
	}
	const colons = 5 // in front of the resource
	literal, _, _ := strings.Cut(p, "*")
	if !strings.HasPrefix(p, "arn:") || strings.Count(literal, ":") < colons {
		return invalid("principal",
			"The principal must be an ARN with its account spelled out, such as arn:aws:iam::123456789012:role/search-*.")
	}
	return nil
}

func checkText(param, s string, limit int) error {
	switch {
	case !utf8.ValidString(s):
		return invalid(param, fmt.Sprintf("The value of %s is not UTF-8.", param))
	case utf8.RuneCountInString(s) > limit:
		return invalid(param, fmt.Sprintf("The value of %s has %d characters; at most %d are kept.", param, utf8.RuneCountInString(s), limit))
	case strings.TrimSpace(s) != s:
		return invalid(param, fmt.Sprintf("The value of %s begins or ends with a space.", param))
	case strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }):
		return invalid(param, fmt.Sprintf("The value of %s has a character that cannot be printed.", param))
	case strings.Contains(s, Prefix):
		return invalid(param, fmt.Sprintf("The value of %s holds a key. Keys are shown once and kept nowhere.", param))
	}
	return nil
}

func invalid(param, public string) error {
	return &fault.Error{Kind: fault.Invalid, Op: "keys.Create", Param: param, Public: public}
}
