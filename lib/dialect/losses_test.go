package dialect_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"weir/lib/dialect"
	"weir/lib/dialect/anthropic"
	"weir/lib/dialect/converse"
	"weir/lib/dialect/openaichat"
	"weir/lib/fault"
	"weir/lib/llm"
)

//go:generate go test -run TestLosses -update .
var update = flag.Bool("update", false, "write LOSSES.md anew")

// lane is one way from a front to a target of another dialect.
type lane struct {
	name  string
	front dialect.Front
	back  dialect.Back
	model string
	path  string
}

// lanes are the columns of the page, three for each front, in the order of
// feature.want.
var lanes = []lane{
	{"Chat → Anthropic", openaichat.Front{}, anthropic.Back{}, "claude-sonnet-4-5", anthropic.PathMessages},
	{"Chat → Bedrock, Claude", openaichat.Front{}, converse.Back{}, "us.anthropic.claude-sonnet-4-5-20250929-v1:0", converse.PathConverse},
	{"Chat → Bedrock, Nova", openaichat.Front{}, converse.Back{}, "amazon.nova-pro-v1:0", converse.PathConverse},
	{"Messages → OpenAI", anthropic.Front{}, openaichat.Back{}, "gpt-5.2", openaichat.PathChat},
	{"Messages → Bedrock, Claude", anthropic.Front{}, converse.Back{}, "us.anthropic.claude-sonnet-4-5-20250929-v1:0", converse.PathConverse},
	{"Messages → Bedrock, Nova", anthropic.Front{}, converse.Back{}, "amazon.nova-pro-v1:0", converse.PathConverse},
}

// request returns f as a caller of l writes it; ok is false where the caller's
// dialect has no word for it.
func (f feature) request(l lane) (body string, ok bool) {
	members := f.chat
	if l.front.Name() == anthropic.Name {
		members = f.messages
	}
	if members == "" {
		return "", false
	}
	if l.front.Name() == anthropic.Name && !strings.Contains(members, `"max_tokens"`) {
		members = `"max_tokens":4000,` + members
	}
	if !strings.Contains(members, `"messages"`) {
		members = `"messages":[{"role":"user","content":"hello"}],` + members
	}
	return `{"model":"m",` + members + `}`, true
}

// outcome is what becomes of f on l, in the page's words. silent says that it
// is neither in what is sent nor told of.
func (f feature) outcome(l lane) (words string, silent bool, err error) {
	body, ok := f.request(l)
	if !ok {
		return "–", false, nil
	}
	req, err := l.front.Decode(llm.OpChat, llm.Inbound{Raw: []byte(body)})
	if err != nil {
		return "", false, fmt.Errorf("%w: %s", err, body)
	}
	out, losses, err := l.back.Encode(llm.OpChat, req, dialect.Target{Model: l.model, Path: l.path})
	if err != nil {
		if e := fault.Of(err); e.Kind == fault.Invalid && e.Param != "" {
			return "400 `" + e.Param + "`", false, nil
		}
		return "", false, err
	}
	there := slices.ContainsFunc(f.marks, func(m string) bool {
		if absent, ok := strings.CutPrefix(m, "!"); ok {
			return l.back.Name() == converse.Name && !strings.Contains(string(out.Body), absent)
		}
		return strings.Contains(string(out.Body), m)
	})
	var fields []string
	for _, loss := range append(slices.Clone(req.Loss), losses...) {
		fields = append(fields, "`"+loss.Field+"`")
	}
	slices.Sort(fields)
	told := strings.Join(slices.Compact(fields), " ")
	switch {
	case there && told == "":
		return "carried", false, nil
	case there:
		return "in part " + told, false, nil
	}
	return "loss " + told, told == "", nil
}

// Every feature fares on every lane as the table says; none is lost without a
// word. The page says what the table says.
func TestLosses(t *testing.T) {
	for _, f := range features {
		for i, l := range lanes {
			got, silent, err := f.outcome(l)
			if err != nil || silent {
				t.Errorf("%s, %s: lost without a word: %v; %v", f.name, l.name, silent, err)
			}
			if len(f.want) != len(lanes) || got != f.want[i] {
				t.Errorf("%s, %s: %s", f.name, l.name, got)
			}
		}
	}
	if *update {
		if err := os.WriteFile("LOSSES.md", []byte(lossPage()+answerPage()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.ReadFile("LOSSES.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(lossPage()+answerPage(), string(file)); diff != "" {
		t.Errorf("LOSSES.md is not what the table says; run go generate ./lib/dialect (-table +file):\n%s", diff)
	}
}

// The strict caller gets a 400 wherever the table says that something is lost;
// where something was only added to what is sent, it is told.
func TestLossesAreRefusedWhereStrict(t *testing.T) {
	for _, f := range features {
		for _, l := range lanes {
			words, _, err := f.outcome(l)
			if err != nil || words == "–" || words == "carried" || strings.HasPrefix(words, "400") {
				continue
			}
			body, _ := f.request(l)
			req, err := l.front.Decode(llm.OpChat, llm.Inbound{Raw: []byte(body)})
			if err != nil {
				t.Fatal(err)
			}
			_, losses, err := l.back.Encode(llm.OpChat, req, dialect.Target{Model: l.model, Path: l.path, Strict: true})
			if err == nil && strings.HasPrefix(words, "in part") && len(losses) > 0 {
				continue
			}
			if e := fault.Of(err); err == nil || e.Kind != fault.Invalid || cmp.Or(e.Param, e.Public) == "" {
				t.Errorf("%s, %s: %s, and strict: losses %v, %v", f.name, l.name, words, losses, err)
			}
		}
	}
}

// lossPage is the table as a page for people, in Markdown.
func lossPage() string {
	var b strings.Builder
	b.WriteString("# What a translation carries\n\n## Requests\n\nMade from the table in `features_test.go`, which a test holds to what the dialects do; `go generate ./lib/dialect` writes this page anew.\n\n" +
		"A caller who speaks the target's own dialect is relayed, and loses nothing; this is for the others. (Of Messages that go to a Claude on Bedrock as they are, what InvokeModel refuses is lost: betas, `speed`, `diagnostics`, an hour's life of cache marks before 4.5, strict tools but for 4.5 and 4.6.) *carried*: the target is sent it, in its own words. " +
		"*loss*: it is left out, and `x-weir-loss` and the call's row name the field. *in part*: it is sent in another form, or with something added, and such a loss says so. " +
		"*400*: the request is refused, and the error names the member. *–*: the caller's dialect has no word for it. " +
		"With `x-weir-strict: true` a 400 is what leaves something out, sends another value or asks for something else than the caller did; what only adds something that the target demands, or says the same in another form, is told and sent.\n\n" +
		"Models of a family differ in what they take: the columns are for `claude-sonnet-4-5`, `gpt-5.2` and `amazon.nova-pro-v1:0`.\n\n")
	rows := [][]string{{"feature"}}
	for _, l := range lanes {
		rows[0] = append(rows[0], l.name)
	}
	for _, f := range features {
		rows = append(rows, append([]string{f.name}, f.want...))
	}
	return b.String() + tableOf(rows)
}

// tableOf is rows, the first of which is their head, in Markdown.
func tableOf(rows [][]string) string {
	var b strings.Builder
	for i, r := range rows {
		b.WriteString("| " + strings.Join(r, " | ") + " |\n")
		if i == 0 {
			b.WriteString("|" + strings.Repeat("---|", len(r)) + "\n")
		}
	}
	return b.String()
}
