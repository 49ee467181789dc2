package dialect_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"weir/lib/dialect"
	"weir/lib/dialect/anthropic"
	"weir/lib/fault"
	"weir/lib/llm"
)

// member is a line of a list in testdata/members: what an SDK can say, and the
// smallest document that says it.
type member struct{ path, body string }

func membersIn(t *testing.T, file string) []member {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "members", file))
	if err != nil {
		t.Fatal(err)
	}
	var all []member
	for line := range strings.Lines(string(text)) {
		if path, body, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t"); ok {
			all = append(all, member{path, body})
		}
	}
	return all
}

// names are a member's steps without lists and variants: messages content text.
func (m member) names() []string {
	var out []string
	for step := range strings.SplitSeq(m.path, ".") {
		name, _, _ := strings.Cut(step, "{")
		if name = strings.TrimRight(name, "[]"); name != "" && name != "*" {
			out = append(out, name)
		}
	}
	return out
}

// vary returns body without the member, or, with other, with another value
// there. ok is false where there is nothing to change.
func (m member) vary(other bool) (body string, ok bool) {
	var v any
	if err := json.Unmarshal([]byte(m.body), &v); err != nil {
		return "", false
	}
	ok = change(v, m.names(), other)
	out, err := json.Marshal(v)
	return string(out), ok && err == nil
}

// change removes what stands at steps below v, wherever lists hold it, or puts
// another value there.
func change(v any, steps []string, other bool) (done bool) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			done = change(e, steps, other) || done
		}
	case map[string]any:
		if mark, ok := v["mark"]; ok && len(v) == 1 {
			done = change(mark, steps, other)
		}
		was, ok := v[steps[0]]
		switch {
		case !ok:
		case len(steps) > 1:
			done = change(was, steps[1:], other) || done
		case !other:
			delete(v, steps[0])
			return true
		default:
			if next := another(was); next != nil {
				v[steps[0]] = next
				return true
			}
		}
	}
	return done
}

// another is another value of the same kind; nil where it has parts of its own.
func another(v any) any {
	switch v := v.(type) {
	case string:
		return v + "2"
	case float64:
		return v + 1
	case bool:
		return !v
	}
	return nil
}

// sorted is a document in the form that vary returns.
func sorted(t *testing.T, body string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// kept are the members with which no model is asked, whoever provides it: they
// name state, models or payers that are this gateway's to say.
var kept = []string{"thread", "billing_policy", "fallbacks", "tools[]{advisor_"}

func (m member) apart() bool {
	return slices.ContainsFunc(kept, func(p string) bool { return strings.HasPrefix(m.path, p) })
}

// Whatever the SDKs can write goes byte for byte to a provider of the caller's
// dialect, to be answered or counted.
func TestMembersAreRelayed(t *testing.T) {
	for file, s := range map[string]speaker{"openai-request.txt": speakers[0], "anthropic-request.txt": speakers[1]} {
		for _, m := range membersIn(t, file) {
			for _, op := range []llm.Op{llm.OpChat, llm.OpCount} {
				if op == llm.OpCount && s.name != anthropic.Name {
					continue
				}
				in := llm.Inbound{Dialect: s.name, Raw: []byte(m.body)}
				req, err := s.front.Decode(op, in)
				if m.apart() {
					if e := fault.Of(err); err == nil || e.Kind != fault.Invalid || e.Param == "" {
						t.Errorf("%s: not refused: %v", m.path, err)
					}
					continue
				}
				if err != nil {
					t.Errorf("%s: %v: %s", m.path, err, m.body)
					continue
				}
				out, losses, err := s.back.Relay(op, in, req, dialect.Target{Model: "m", Path: s.path})
				if err != nil || len(losses)+len(req.Loss) > 0 || string(out.Body) != m.body {
					t.Errorf("%s: %s became %s, losses %v %v, %v", m.path, m.body, out.Body, req.Loss, losses, err)
				}
			}
		}
	}
}
