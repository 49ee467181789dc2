package sdktest_test

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Embeddings are the vendor's, byte for byte, in every form of input and
// answer.
func TestEmbeddingsAreTheVendors(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{})
	each(t, func(t *testing.T, v version) {
		direct, via := s.direct(v), s.via(v)
		for name, a := range map[string]embedAsk{
			"one text":    {input: []string{"How deep is the weir?"}},
			"texts":       {input: []string{"one", "two", "Grüße"}},
			"tokens":      {tokens: [][]int64{{1, 2, 3}, {4}}},
			"float":       {input: []string{"a"}, encoding: "float"},
			"base64":      {input: []string{"a", "b"}, encoding: "base64"},
			"dimensions":  {input: []string{"a"}, dimensions: 256},
			"all at once": {input: []string{"a", "b"}, dimensions: 8, encoding: "base64"},
		} {
			t.Run(name, func(t *testing.T) {
				a.model = "text-embedding-3-small"
				want, err := direct.embed(t.Context(), a)
				if err != nil {
					t.Fatalf("the vendor itself: %v", err)
				}
				a.model = "p/" + a.model
				got, err := via.embed(t.Context(), a)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("(-vendor +gateway):\n%s", diff)
				}
				if via.last().body.String() != direct.last().body.String() {
					t.Errorf("%s\nis not\n%s", via.last().body, direct.last().body)
				}
				size := int(a.dimensions)
				if size == 0 {
					size = 16
				}
				for _, raw := range got.Raw {
					if n := len(vector(t, raw)); n != size {
						t.Errorf("a vector of %d, want %d", n, size)
					}
				}
				if row := s.row(via); row.Op != "embed" || row.Usage.Input != got.Usage.Prompt || row.Usage.Output != 0 || row.Cost == 0 || row.UsageSource != "provider" {
					t.Errorf("row %+v", row)
				}
			})
		}
	})
}

// vector decodes an embedding of either form.
func vector(t *testing.T, raw string) []float64 {
	t.Helper()
	var floats []float64
	var packed string
	if json.Unmarshal([]byte(raw), &floats) == nil {
		return floats
	}
	if err := json.Unmarshal([]byte(raw), &packed); err != nil {
		t.Fatalf("%v in %q", err, raw)
	}
	b, err := base64.StdEncoding.DecodeString(packed)
	if err != nil || len(b)%4 != 0 {
		t.Fatalf("%v in %q", err, packed)
	}
	for four := range slices.Chunk(b, 4) {
		floats = append(floats, float64(math.Float32frombits(binary.LittleEndian.Uint32(four))))
	}
	return floats
}

func TestEmbeddingErrors(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{})
	each(t, func(t *testing.T, v version) {
		for _, tt := range []struct {
			name   string
			a      embedAsk
			status int
			code   string
			param  string
		}{
			{"no input", embedAsk{model: "p/text-embedding-3-small", input: []string{}}, 400, "", ""},
			{"empty input", embedAsk{model: "p/text-embedding-3-small", input: []string{"a", ""}}, 400, "", ""},
			{"too many dimensions", embedAsk{model: "p/text-embedding-3-small", input: []string{"a"}, dimensions: 5000}, 400, "integer_above_max_value", "dimensions"},
			{"unknown encoding", embedAsk{model: "p/text-embedding-3-small", input: []string{"a"}, encoding: "int8"}, 400, "invalid_value", "encoding_format"},
			{"unknown model", embedAsk{model: "nobody", input: []string{"a"}}, 404, "model_not_found", "model"},
			{"failing provider", embedAsk{model: "p/status-500", input: []string{"a"}}, 502, "provider_error", ""},
			{"cut", embedAsk{model: "p/cut-abort", input: []string{strings.Repeat("a ", 100)}, dimensions: 64}, 502, "answer_truncated", ""},
		} {
			t.Run(tt.name, func(t *testing.T) {
				via := s.via(v)
				got, err := via.embed(t.Context(), tt.a)
				f, ok := via.failure(err)
				if !ok {
					t.Fatalf("%+v, %v; want an API error", got, err)
				}
				if f.Status != tt.status || tt.code != "" && f.Code != tt.code || tt.param != "" && f.Param != tt.param || f.Message == "" {
					t.Errorf("%+v", f)
				}
			})
		}
	})
}

func TestEchoEmbeddings(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{})
	each(t, func(t *testing.T, v version) {
		via := s.via(v)
		embed := func(encoding string) [][]float64 {
			got, err := via.embed(t.Context(), embedAsk{model: "echo/any", input: []string{"one", "two"}, dimensions: 8, encoding: encoding})
			if err != nil || len(got.Raw) != 2 || got.Usage.Prompt == 0 || got.Usage.Total != got.Usage.Prompt {
				t.Fatalf("%+v, %v", got, err)
			}
			return [][]float64{vector(t, got.Raw[0]), vector(t, got.Raw[1])}
		}
		floats, packed := embed("float"), embed("base64")
		for i := range floats {
			for k := range floats[i] {
				if float32(floats[i][k]) != float32(packed[i][k]) {
					t.Errorf("vector %d: %v as floats, %v packed", i, floats[i], packed[i])
				}
			}
			if len(floats[i]) != 8 {
				t.Errorf("a vector of %d", len(floats[i]))
			}
		}
		if row := s.row(via); row.Provider != "echo" || row.Op != "embed" || row.Usage.Input == 0 {
			t.Errorf("row %+v", row)
		}
	})
}
