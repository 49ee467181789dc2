package dialect_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"weir/lib/dialect"
	"weir/lib/dialect/anthropic"
	"weir/lib/dialect/converse"
	"weir/lib/dialect/openaichat"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/testkit/fakebedrock"
	"weir/lib/testkit/fakeprovider"
	"weir/lib/testkit/strict"
)

// written anew for a target: what its vendor says to it, nil where it takes it.
type vendor struct {
	name   string
	back   dialect.Back
	target dialect.Target
	check  func(op llm.Op, out llm.Outbound) error
}

func toAnthropic(model string) vendor {
	return vendor{
		"Anthropic " + model,
		anthropic.Back{},
		dialect.Target{Model: model, Path: anthropic.PathMessages},
		func(op llm.Op, out llm.Outbound) error {
			return strict.Anthropic(strict.Request{Model: model, Count: op == llm.OpCount, Body: out.Body})
		},
	}
}

func toBedrock(model string) vendor {
	return vendor{
		"Bedrock " + model,
		converse.Back{},
		dialect.Target{Model: model, Path: converse.PathConverse},
		func(_ llm.Op, out llm.Outbound) error {
			if e := fakebedrock.Check(strings.TrimPrefix(out.Path, "/"), model, out.Body); e != nil {
				return fmt.Errorf("%s: %s", e.Type, e.Message)
			}
			return nil
		},
	}
}

func toOpenAI(model string) vendor {
	return vendor{
		"OpenAI " + model,
		openaichat.Back{},
		dialect.Target{Model: model, Path: openaichat.PathChat},
		func(_ llm.Op, out llm.Outbound) error {
			p := fakeprovider.New(fakeprovider.Options{})
			defer p.Close()
			p.Model(model, fakeprovider.Answer{})
			req := httptest.NewRequest(http.MethodPost, "/v1/chat/completions", strings.NewReader(string(out.Body)))
			req.Header.Set("Authorization", "Bearer "+fakeprovider.Key)
			req.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			p.ServeHTTP(w, req)
			if w.Code != http.StatusOK {
				return fmt.Errorf("status %d: %s", w.Code, w.Body)
			}
			return nil
		},
	}
}

// everybody has a model of each family whose rules differ.
var everybody = []vendor{
	toAnthropic("claude-3-haiku-20240307"), toAnthropic("claude-sonnet-4-5"), toAnthropic("claude-opus-4-7"),
	toBedrock(bedrockClaude), toBedrock("amazon.nova-pro-v1:0"), toBedrock("mistral.mistral-large-2402-v1:0"),
	toOpenAI("gpt-4o"),
}

const bedrockClaude = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"

// Whatever a caller of Chat sends, and the front takes, is refused by naming
// the member, or becomes a request that the vendor takes.
func FuzzEncodeChat(f *testing.F) { fuzzEncode(f, openaichat.Front{}, "openaichat") }

// So with callers of Messages.
func FuzzEncodeMessages(f *testing.F) { fuzzEncode(f, anthropic.Front{}, "anthropic") }

func fuzzEncode(f *testing.F, front dialect.Front, folder string) {
	for _, body := range requests(f, folder) {
		f.Add(body, false)
	}
	f.Fuzz(func(t *testing.T, body []byte, strict bool) { encodesAll(t, front, body, strict) })
}

// FuzzSpliced is the same for what bytes do not come to by themselves:
// requests whose parts are those of the fixtures, each in the place of another.
func FuzzSpliced(f *testing.F) {
	fronts := []dialect.Front{openaichat.Front{}, anthropic.Front{}}
	var parts [2][]any
	for i, folder := range []string{"openaichat", "anthropic"} {
		for _, body := range requests(f, folder) {
			var v any
			if json.Unmarshal(body, &v) == nil {
				parts[i] = append(parts[i], v)
			}
		}
		for n := range parts[i] {
			f.Add(byte(i), uint16(n), []byte{byte(n), 9, byte(2 * n), 5, 77, 3, byte(n), 30, 1, 200, byte(3 * n), 40}, n%2 == 0)
		}
	}
	f.Fuzz(func(t *testing.T, front byte, first uint16, program []byte, strict bool) {
		program = program[:min(len(program), 60)]
		all := parts[front%2]
		root := copied(all[int(first)%len(all)])
		for ; len(program) >= 4; program = program[4:] {
			from := nodes(copied(all[int(program[0])%len(all)]))
			to := nodes(root)
			if len(to) == 0 || len(from) == 0 {
				break
			}
			at := (int(program[1]) + int(program[3])<<8) % len(to)
			to[at].put(from[(int(program[2])+int(program[3])>>4<<8)%len(from)].value)
		}
		body, err := json.Marshal(root)
		if err != nil {
			t.Fatal(err)
		}
		encodesAll(t, fronts[front%2], body, strict)
	})
}

// node is a value inside of another, which it can be put into the place of.
type node struct {
	value any
	put   func(any)
}

// nodes are all values in v, in an order that is always the same.
func nodes(v any) []node {
	var out []node
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			out = append(out, node{v[name], func(x any) { v[name] = x }})
			out = append(out, nodes(v[name])...)
		}
	case []any:
		for i := range v {
			out = append(out, node{v[i], func(x any) { v[i] = x }})
			out = append(out, nodes(v[i])...)
		}
	}
	return out
}

// copied is v without anything of it shared.
func copied(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, x := range v {
			out[name] = copied(x)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = copied(x)
		}
		return out
	}
	return v
}

// requests are the bodies of a front's fixtures.
func requests(f *testing.F, folder string) (bodies [][]byte) {
	f.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "testdata", "decode", "*.txtar"))
	if err != nil || len(paths) == 0 {
		f.Fatalf("no fixtures of %s (%v)", folder, err)
	}
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			f.Fatal(err)
		}
		for _, s := range txtar.Parse(data).Files {
			if s.Name == "request.json" {
				bodies = append(bodies, s.Data)
			}
		}
	}
	return bodies
}

// encodesAll writes a request anew for everybody but those of the front's own
// dialect.
func encodesAll(t *testing.T, front dialect.Front, body []byte, strict bool) {
	t.Helper()
	ops := []llm.Op{llm.OpChat}
	if front.Name() == anthropic.Name {
		ops = append(ops, llm.OpCount)
	}
	for _, op := range ops {
		req, err := front.Decode(op, llm.Inbound{Raw: body})
		if err != nil {
			continue // shown by the front's own fuzzing
		}
		for _, v := range everybody {
			if v.back.Name() == front.Name() || op == llm.OpCount && v.target.Model != bedrockClaude {
				continue
			}
			v.target.Strict = strict
			encodes(t, v, op, req, body)
		}
	}
}

func encodes(t *testing.T, v vendor, op llm.Op, req *llm.Request, body []byte) {
	t.Helper()
	if op == llm.OpCount {
		v.target.Path = converse.PathCount
	}
	out, losses, err := v.back.Encode(op, req, v.target)
	if err != nil {
		if e := fault.Of(err); e.Kind != fault.Invalid || e.Param == "" || e.Public == "" {
			t.Fatalf("%s: %+v\nof %s", v.name, e, body)
		}
		return
	}
	for _, l := range losses {
		if l.Field == "" || l.Why == "" {
			t.Fatalf("%s: a loss of %+v\nof %s", v.name, l, body)
		}
	}
	if !json.Valid(out.Body) {
		t.Fatalf("%s: no JSON: %s\nof %s", v.name, out.Body, body)
	}
	if err := v.check(op, out); err != nil {
		t.Fatalf("%s refuses %s\nof %s\n%v", v.name, out.Body, body, err)
	}
}
