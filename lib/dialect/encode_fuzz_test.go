package dialect_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
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
				f.Add(s.Data, false)
			}
		}
	}
	f.Fuzz(func(t *testing.T, body []byte, strict bool) {
		for _, op := range []llm.Op{llm.OpChat, llm.OpCount} {
			if op == llm.OpCount && folder == "openaichat" {
				continue
			}
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
	})
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
