package costs_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	gocmp "github.com/google/go-cmp/cmp"

	"weir/lib/accounting/costs"
	"weir/lib/money"
	"weir/lib/table"
	"weir/lib/table/dynamo"
	"weir/lib/table/layout"
	"weir/lib/table/tabletest"
	"weir/lib/table/tabletest/awstest"
)

// pair is one access path on the page: the same question in two forms.
type pair struct {
	weir []string          // arguments of weir
	aws  map[string]string // options of aws dynamodb query, by name
}

// pairs are the page's blocks of commands that have both forms.
func pairs(t *testing.T) []pair {
	t.Helper()
	var all []pair
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(readPage(t), -1) {
		var p pair
		for line := range strings.Lines(strings.ReplaceAll(block[1], "\\\n", " ")) {
			words := shellWords(t, line)
			switch {
			case len(words) > 1 && words[0] == "weir":
				p.weir = words[1:]
			case len(words) > 3 && slices.Equal(words[:3], []string{"aws", "dynamodb", "query"}):
				p.aws = options(t, words[3:])
			default:
				t.Errorf("the page has a command that no test knows: %s", line)
			}
		}
		if p.weir != nil && p.aws != nil {
			all = append(all, p)
		}
	}
	return all
}

// shellWords parts a line as a shell does, as far as the page goes: words,
// and words in single quotes.
func shellWords(t *testing.T, line string) []string {
	t.Helper()
	var words []string
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		word, rest, _ := strings.Cut(line, " ")
		if quoted, ok := strings.CutPrefix(line, "'"); ok {
			var closed bool
			if word, rest, closed = strings.Cut(quoted, "'"); !closed {
				t.Fatalf("a quote is not closed: %s", line)
			}
		}
		words, line = append(words, word), rest
	}
	return words
}

func options(t *testing.T, words []string) map[string]string {
	t.Helper()
	opts := map[string]string{}
	for i := 0; i+1 < len(words); i += 2 {
		name, ok := strings.CutPrefix(words[i], "--")
		if !ok {
			t.Fatalf("%q is no option", words[i])
		}
		opts[name] = words[i+1]
	}
	return opts
}

// condition reads a key condition of the page.
var condition = regexp.MustCompile(`^(\w+) = (:\w+)(?: AND begins_with\((\w+), (:\w+)\))?$`)

// asked is the query of the port that an aws command makes.
func asked(t *testing.T, opts map[string]string) table.Query {
	t.Helper()
	if want := dynamo.TableName("weir", layout.Costs); opts["table-name"] != want {
		t.Errorf("table %s, want %s", opts["table-name"], want)
	}
	var values map[string]struct{ S string }
	if err := json.Unmarshal([]byte(opts["expression-attribute-values"]), &values); err != nil {
		t.Fatalf("%s: %v", opts["expression-attribute-values"], err)
	}
	m := condition.FindStringSubmatch(opts["key-condition-expression"])
	if m == nil {
		t.Fatalf("key condition %q is not understood", opts["key-condition-expression"])
	}
	q := table.Query{Table: layout.Costs, Index: opts["index-name"], PK: values[m[2]].S, Prefix: values[m[4]].S}
	pk, sk := "pk", "sk"
	if q.Index != "" {
		for _, s := range layout.All() {
			for _, x := range s.Indexes {
				if s.Name == layout.Costs && x.Name == q.Index {
					pk, sk = x.PK, x.SK
				}
			}
		}
	}
	if m[1] != pk || m[3] != "" && m[3] != sk {
		t.Errorf("condition %q of index %q, whose keys are %s and %s", m[0], q.Index, pk, sk)
	}
	return q
}

// TestAccessPathsOnPage: the five paths are there, and both forms of each are
// one and the same query, which finds something in the worked month.
func TestAccessPathsOnPage(t *testing.T) {
	tb := tabletest.SQLite(t)
	lay(t, tb, workedMonth(t))
	w := &watched{Table: tb, page: 100}
	var forms []string
	for _, p := range pairs(t) {
		out := weir(t, w, append(p.weir, "--format", "json")...)
		if len(w.queries) != 1 {
			t.Fatalf("weir %s: %d queries, want 1", strings.Join(p.weir, " "), len(w.queries))
		}
		q := w.queries[0]
		q.Limit, w.queries = 0, nil
		if diff := gocmp.Diff(q, asked(t, p.aws)); diff != "" {
			t.Errorf("weir %s and its aws query differ (-weir +aws):\n%s", strings.Join(p.weir, " "), diff)
		}
		if strings.Contains(out, `"rows": []`) {
			t.Errorf("weir %s finds nothing in the worked month", strings.Join(p.weir, " "))
		}
		forms = append(forms, fmt.Sprintf("%s %d %v", q.Index, len(strings.Split(q.PK, "-")), q.Prefix != ""))
	}
	if diff := gocmp.Diff([]string{" 2 true", " 2 false", " 3 false", "by_use_case 2 false", "by_model 2 false"}, withoutNames(forms)); diff != "" {
		t.Errorf("access paths (-want +got):\n%s", diff)
	}
}

// withoutNames leaves the parts of a period: the names behind # may have
// hyphens, too.
func withoutNames(forms []string) []string {
	out := slices.Clone(forms)
	for i, f := range out {
		if strings.HasPrefix(f, "by_") {
			name, _, _ := strings.Cut(f, " ")
			out[i] = name + " 2 false"
		}
	}
	return out
}

// TestColumnsOnPage: every column is explained, and none that is not there.
func TestColumnsOnPage(t *testing.T) {
	_, rest, _ := strings.Cut(readPage(t), "| column | meaning |")
	text, _, _ := strings.Cut(rest, "\n\n")
	var got []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\|").FindAllStringSubmatch(text, -1) {
		got = append(got, m[1])
	}
	want := slices.Concat([]string{"period"}, costs.Dimensions(), costs.Figures())
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("columns (-program +page):\n%s", diff)
	}
}

// TestQueriesOnPage runs the page's aws queries on DynamoDB: what they find
// adds up to what weir says.
func TestQueriesOnPage(t *testing.T) {
	if _, ok := awstest.Endpoint(); !ok {
		t.Skip("the queries are DynamoDB's; make test-aws runs them")
	}
	store := awstest.Open(t, layout.All())
	lay(t, store, workedMonth(t))
	for _, p := range pairs(t) {
		name := strings.Join(p.weir, " ")
		out := weir(t, store, append(p.weir, "--format", "json")...)
		var said struct {
			Total struct {
				Calls int64 `json:"calls"`
				Cost  int64 `json:"cost_nano_usd"`
			} `json:"total"`
		}
		if err := json.Unmarshal([]byte(out), &said); err != nil {
			t.Fatal(err)
		}
		deadline := time.Now().Add(20 * time.Second) // an index may lag
		for {
			calls, cost := queried(t, store, p.aws)
			if calls == said.Total.Calls && cost == money.NanoUSD(said.Total.Cost) && calls > 0 {
				break
			}
			if time.Now().After(deadline) {
				t.Errorf("weir %s says %d calls and %d, the aws query %d and %d", name, said.Total.Calls, said.Total.Cost, calls, cost)
				break
			}
		}
	}
}

// queried runs an aws command of the page through the SDK.
func queried(t *testing.T, store *awstest.Store, opts map[string]string) (calls int64, cost money.NanoUSD) {
	t.Helper()
	var values map[string]struct{ S string }
	if err := json.Unmarshal([]byte(opts["expression-attribute-values"]), &values); err != nil {
		t.Fatal(err)
	}
	in := &dynamodb.QueryInput{
		TableName:                 aws.String(strings.Replace(opts["table-name"], "weir", store.Prefix, 1)),
		KeyConditionExpression:    aws.String(opts["key-condition-expression"]),
		ExpressionAttributeValues: map[string]types.AttributeValue{},
	}
	for name, v := range values {
		in.ExpressionAttributeValues[name] = &types.AttributeValueMemberS{Value: v.S}
	}
	if name := opts["index-name"]; name != "" {
		in.IndexName = aws.String(name)
	}
	pages := dynamodb.NewQueryPaginator(store.Client, in)
	for pages.HasMorePages() {
		out, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range out.Items {
			calls += number(t, it, "calls")
			cost += money.NanoUSD(number(t, it, "cost_nano_usd"))
		}
	}
	return calls, cost
}

func number(t *testing.T, it map[string]types.AttributeValue, name string) int64 {
	t.Helper()
	v, ok := it[name].(*types.AttributeValueMemberN)
	if !ok {
		t.Fatalf("%s is %T, not a DynamoDB number", name, it[name])
	}
	var n int64
	if _, err := fmt.Sscan(v.Value, &n); err != nil {
		t.Fatal(err)
	}
	return n
}
