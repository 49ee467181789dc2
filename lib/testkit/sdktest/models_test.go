package sdktest_test

import (
	"slices"
	"strings"
	"testing"

	"weir/lib/testkit/rig"
)

// Both SDKs list the models and find each one again under its own name,
// however they write a slash into the path: version 1 leaves it, version 3
// escapes it.
func TestModels(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{models: `
  fast: p/gpt-4o-mini
  "team/search:large": q/gpt-4o
  "a%2Fc": q/gpt-4o
`})
	var lists [][]model
	each(t, func(t *testing.T, v version) {
		via := s.via(v)
		all, err := via.models(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		lists = append(lists, all)
		for _, want := range []struct{ id, owner string }{{"fast", "p"}, {"team/search:large", "q"}, {"p/gpt-4o-mini", "p"}, {"echo/*", "echo"}} {
			if !slices.ContainsFunc(all, func(m model) bool {
				return m.ID == want.id && m.OwnedBy == want.owner && m.Object == "model" && m.Created > 0
			}) {
				t.Errorf("%+v is not in the list of %d", want, len(all))
			}
		}
		for _, id := range []string{"fast", "team/search:large", "p/gpt-4o-mini", "echo/anything", "p/org/model:v1"} {
			m, err := via.model(t.Context(), id)
			if err != nil || m.ID != id || m.Object != "model" || m.OwnedBy == "" {
				t.Errorf("%s: %+v, %v", id, m, err)
			}
			if path := via.last().path; strings.Contains(id, "/") && strings.Contains(path, "%2F") != (v.name == "v3") {
				t.Errorf("%s: asked for %s", id, path)
			}
		}
		for _, id := range []string{"nobody", "no/such:model", "p"} {
			_, err := via.model(t.Context(), id)
			if f, ok := via.failure(err); !ok || f.Status != 404 || f.Code != "model_not_found" || f.Param != "model" || f.Type != "invalid_request_error" {
				t.Errorf("%s: %+v (%v)", id, f, err)
			}
		}
	})
	if len(lists) == 2 && !slices.Equal(lists[0], lists[1]) {
		t.Errorf("the lists differ: %v, %v", lists[0], lists[1])
	}
	m, err := s.via(versions[1]).model(t.Context(), "a%2Fc")
	if err != nil || m.ID != "a%2Fc" {
		t.Errorf("a name with an escape in it: %+v, %v", m, err)
	}
	if n := len(s.p.Requests()); n > 0 {
		t.Errorf("the provider was asked %d times", n)
	}
}

// A key sees what it may use.
func TestModelsOfAKey(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{models: `
  fast: p/gpt-4o-mini
  slow: q/gpt-4o
`, rig: rig.Options{Models: []string{"fast"}}})
	each(t, func(t *testing.T, v version) {
		via := s.via(v)
		all, err := via.models(t.Context())
		if err != nil || len(all) != 1 || all[0].ID != "fast" {
			t.Errorf("%v, %v", all, err)
		}
		_, err = via.model(t.Context(), "slow")
		if f, ok := via.failure(err); !ok || f.Status != 404 || f.Code != "model_not_found" {
			t.Errorf("%+v (%v)", f, err)
		}
		_, err = via.chat(t.Context(), ask1("slow", "hi"))
		if f, ok := via.failure(err); !ok || f.Status != 403 || f.Code != "permission_denied" || f.Param != "model" {
			t.Errorf("%+v (%v)", f, err)
		}
	})
}
