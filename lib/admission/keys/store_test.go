package keys_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"weir/lib/admission/keys"
	"weir/lib/fault"
	"weir/lib/table"
	"weir/lib/table/layout"
	"weir/lib/table/tabletest"
	"weir/lib/table/tabletest/drivers"
)

// TestStore is the contract suite of the store of keys: its promises on every
// store of items.
func TestStore(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		for _, p := range []struct {
			name string
			test func(t *testing.T, tb table.Table)
		}{
			{"a key is kept by its hash", kept},
			{"records are read back as they were", readBack},
			{"a key is revoked once", revokedOnce},
			{"an id that is taken is not taken again", taken},
			{"lost answers", lostAnswers},
			{"a store that is away", away},
			{"records of other programs", otherPrograms},
		} {
			t.Run(p.name, func(t *testing.T) { p.test(t, tb) })
		}
	})
	drivers.Each(t, listed) // on a store without other keys
}

func create(t *testing.T, s *keys.Store, spec keys.Spec) (keys.Record, keys.Secret) {
	t.Helper()
	r, secret, err := s.Create(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	return r, secret
}

func wantRecord(t *testing.T, s *keys.Store, want keys.Record) {
	t.Helper()
	got, ok, err := s.Get(t.Context(), want.ID)
	if err != nil || !ok {
		t.Fatalf("key %s: %v, %v", want.ID, ok, err)
	}
	if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
}

func wantKind(t *testing.T, err error, want fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != want {
		t.Errorf("error %v, want one of kind %v", err, want)
	}
}

func item(t *testing.T, tb table.Table, id string) table.Item {
	t.Helper()
	it, err := tb.Get(t.Context(), layout.State, table.Key{PK: "key#" + id, SK: "key"}, true)
	if err != nil {
		t.Fatal(err)
	}
	return it
}

var search = keys.Spec{Team: "search", App: "web"}

func kept(t *testing.T, tb table.Table) {
	s := keys.NewStore(tb, newClock().now)
	spec := keys.Spec{Team: "search", App: "web", Name: "Ada's laptop", Models: []string{"gpt-4o*", "bedrock/*"}, Expires: noon.Add(90 * 24 * time.Hour)}
	r, secret := create(t, s, spec)
	want := keys.Record{
		ID: secret.ID(), Hash: sha256.Sum256([]byte(secret.Reveal())), Team: "search", App: "web", Name: "Ada's laptop",
		Models: []string{"gpt-4o*", "bedrock/*"}, Created: noon, Expires: spec.Expires,
	}
	if diff := gocmp.Diff(want, r); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	wantRecord(t, s, want)

	// The secret is nowhere in the store, nor in what is shown of the record.
	shown, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	stored := fmt.Sprintf("%v %s", item(t, tb, r.ID), shown)
	if strings.Contains(stored, secret.Reveal()[21:53]) {
		t.Errorf("the secret is kept: %s", stored)
	}
	if want := `{"id":"` + r.ID + `","team":"search","app":"web","name":"Ada's laptop","models":["gpt-4o*","bedrock/*"],"principal":"",` +
		`"created_at":"2026-11-22T12:00:00.000Z","expires_at":"2027-02-20T12:00:00.000Z","revoked_at":null}`; string(shown) != want {
		t.Errorf("shown as\n%s\nwant\n%s", shown, want)
	}

	t.Run("a principal has no secret", func(t *testing.T) {
		spec := keys.Spec{Team: "search", App: "web", Principal: "arn:aws:iam::123456789012:role/search-*"}
		r, secret := create(t, s, spec)
		if secret.Reveal() != "" || r.Hash != [32]byte{} {
			t.Error("there is one")
		}
		wantRecord(t, s, keys.Record{ID: r.ID, Team: "search", App: "web", Principal: spec.Principal, Created: noon})
	})
}

func readBack(t *testing.T, tb table.Table) {
	c := newClock()
	s := keys.NewStore(tb, c.now)
	label := rapid.StringMatching(`[a-zA-Z0-9#%/*"\\<>&é雪]{1,32}`)
	rapid.Check(t, func(t *rapid.T) {
		spec := keys.Spec{
			Team: label.Draw(t, "team"), App: label.Draw(t, "app"), Name: rapid.OneOf(rapid.Just(""), label).Draw(t, "name"),
			Models: rapid.SliceOfN(label, 0, 5).Draw(t, "models"),
		}
		if rapid.Bool().Draw(t, "expires") {
			spec.Expires = noon.Add(time.Duration(rapid.Int64Range(1, 1e12).Draw(t, "ms")) * time.Millisecond)
		}
		r, secret, err := s.Create(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		want := keys.Record{
			ID: secret.ID(), Hash: sha256.Sum256([]byte(secret.Reveal())), Team: spec.Team, App: spec.App,
			Name: spec.Name, Models: spec.Models, Created: noon, Expires: spec.Expires,
		}
		got, ok, err := s.Get(t.Context(), r.ID)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("record (-want +got):\n%s", diff)
		}
	})
}

func revokedOnce(t *testing.T, tb table.Table) {
	c := newClock()
	s := keys.NewStore(tb, c.now)
	r, secret := create(t, s, search)
	other, _ := create(t, s, search)
	c.advance(time.Minute)
	r.Revoked = c.now()
	for range 3 {
		if err := s.Revoke(t.Context(), r.ID); err != nil {
			t.Fatal(err)
		}
		wantRecord(t, s, r) // by the first time
		c.advance(time.Minute)
	}
	wantRecord(t, s, other)

	unknown := "000000000000"
	wantKind(t, s.Revoke(t.Context(), unknown), fault.NotFound)
	if it := item(t, tb, unknown); it != nil {
		t.Errorf("revoking made a record: %v", it)
	}
	for _, id := range []string{"", "short", secret.Reveal(), secret.String(), strings.Repeat("x", 3000), "0000000#0000"} {
		err := s.Revoke(t.Context(), id)
		wantKind(t, err, fault.Invalid)
		if strings.Contains(err.Error(), secret.Reveal()[21:53]) {
			t.Errorf("the error holds the key: %v", err)
		}
		if got, ok, err := s.Get(t.Context(), id); ok || err != nil {
			t.Errorf("got %v, %v of no id", got, err)
		}
	}
}

func taken(t *testing.T, tb table.Table) {
	s := keys.NewStore(tb, newClock().now)
	draw := func(first byte) []byte { return append([]byte{first}, bytes.Repeat([]byte{7}, 43)...) }
	s.SetRandom(bytes.NewReader(draw(1)))
	first, _ := create(t, s, search)

	s.SetRandom(bytes.NewReader(append(draw(1), draw(2)...)))
	second, _ := create(t, s, keys.Spec{Team: "ads", App: "web"})
	if second.ID == first.ID {
		t.Fatalf("both are %s", first.ID)
	}
	wantRecord(t, s, first)
	wantRecord(t, s, second)

	s.SetRandom(constant{})
	create(t, s, search)
	_, _, err := s.Create(t.Context(), keys.Spec{Team: "ads", App: "web"})
	wantKind(t, err, fault.Internal) // a broken source does not go on for ever

	s.SetRandom(bytes.NewReader(nil))
	_, _, err = s.Create(t.Context(), search)
	wantKind(t, err, fault.Internal)
}

// constant is a broken source of randomness.
type constant struct{}

func (constant) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 9
	}
	return len(p), nil
}

var _ io.Reader = constant{}

func lostAnswers(t *testing.T, tb table.Table) {
	store := tabletest.NewFaulty(tb, nil)
	c := newClock()
	s := keys.NewStore(store, c.now)
	for name, faults := range map[string][]tabletest.Fault{
		"no trouble":                    nil,
		"throttled":                     {tabletest.Throttled, tabletest.Throttled},
		"a conflict":                    {tabletest.Conflict},
		"lost before it happened":       {tabletest.LostBefore},
		"lost after it happened":        {tabletest.LostAfter},
		"lost before, throttled, after": {tabletest.LostBefore, tabletest.Throttled, tabletest.LostAfter},
	} {
		t.Run(name, func(t *testing.T) {
			calls := func(what string, do func()) {
				t.Helper()
				before, _ := store.Count()
				store.Set(tabletest.Calls(faults...))
				do()
				store.Set(nil)
				if after, _ := store.Count(); after-before != len(faults)+1 {
					t.Errorf("%s: %d calls of the store, want one and one for each fault", what, after-before)
				}
			}
			var r keys.Record
			calls("create", func() { r, _ = create(t, s, search) })
			calls("get", func() { wantRecord(t, s, r) })
			r.Revoked = c.now()
			calls("revoke", func() {
				if err := s.Revoke(t.Context(), r.ID); err != nil {
					t.Fatal(err)
				}
			})
			wantRecord(t, s, r)
		})
	}
	store.Set(tabletest.Often(3, 0.3))
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			r, _, err := s.Create(t.Context(), search)
			if err != nil {
				t.Error(err)
				return
			}
			for range 2 {
				if err := s.Revoke(t.Context(), r.ID); err != nil {
					t.Error(err)
				}
			}
			if got, ok, err := s.Get(t.Context(), r.ID); err != nil || !ok || got.Revoked.IsZero() {
				t.Errorf("got %v, %v, %v", got, ok, err)
			}
		})
	}
	wg.Wait()
}

func away(t *testing.T, tb table.Table) {
	store := tabletest.NewFaulty(tb, nil)
	s := keys.NewStore(store, newClock().now)
	r, _ := create(t, s, search)
	for name, f := range map[string]tabletest.Fault{
		"throttled": tabletest.Throttled, "lost before": tabletest.LostBefore, "lost after": tabletest.LostAfter,
	} {
		t.Run(name, func(t *testing.T) {
			store.Set(func(tabletest.Call) tabletest.Fault { return f })
			defer store.Set(nil)
			for what, do := range map[string]func(ctx context.Context) error{
				"create": func(ctx context.Context) error { _, _, err := s.Create(ctx, search); return err },
				"get":    func(ctx context.Context) error { _, _, err := s.Get(ctx, r.ID); return err },
				"list":   func(ctx context.Context) error { _, err := s.List(ctx); return err },
				"revoke": func(ctx context.Context) error { return s.Revoke(ctx, r.ID) },
			} {
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
				if err := do(ctx); fault.KindOf(err) != fault.StoreDown {
					t.Errorf("%s: %v, want one of kind StoreDown", what, err)
				}
				cancel()
			}
		})
	}
}

func otherPrograms(t *testing.T, tb table.Table) {
	s := keys.NewStore(tb, newClock().now)
	for name, tc := range map[string]struct {
		set  table.Item
		want []string // in the error; none: it is read
	}{
		"unknown attributes are ignored": {set: table.Item{"budget": "x"}},
		"a newer version is named":       {set: table.Item{"v": int64(2)}, want: []string{"version 2", "newer"}},
		"a text that is a number":        {set: table.Item{"team": int64(1)}, want: []string{"team", "int64"}},
		"a time that is none":            {set: table.Item{"expires_at": "soon"}, want: []string{"expires_at", "soon"}},
		"a list that is none":            {set: table.Item{"models": "gpt-4o"}, want: []string{"models"}},
		"a hash that is short":           {set: table.Item{"hash": []byte{1}}, want: []string{"hash", "32"}},
		"a hash that is a text":          {set: table.Item{"hash": "x"}, want: []string{"hash", "string"}},
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := create(t, s, search)
			k := table.Key{PK: "key#" + r.ID, SK: "key"}
			if err := tb.Do(t.Context(), table.Write{Kind: table.Update, Table: layout.State, Key: k, Set: tc.set}); err != nil {
				t.Fatal(err)
			}
			_, ok, err := s.Get(t.Context(), r.ID)
			if len(tc.want) == 0 {
				if err != nil || !ok {
					t.Errorf("not read: %v, %v", ok, err)
				}
				return
			}
			wantKind(t, err, fault.Internal)
			for _, w := range append(tc.want, r.ID) {
				if err != nil && !strings.Contains(err.Error(), w) {
					t.Errorf("error %q does not say %q", err, w)
				}
			}
			if _, isNew := tc.set["v"]; isNew != errors.Is(err, keys.ErrVersion) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func listed(t *testing.T, tb table.Table) {
	c := newClock()
	s := keys.NewStore(tb, c.now)
	if got, err := s.List(t.Context()); err != nil || len(got) > 0 {
		t.Fatalf("an empty store lists %v, %v", got, err)
	}
	const n = 30
	var want []keys.Record
	for i := range n {
		// Large records, so that some stores need several pages.
		r, _ := create(t, s, keys.Spec{Team: fmt.Sprintf("team-%d", i), App: "web", Models: slices.Repeat([]string{strings.Repeat("雪", 256)}, 64)})
		want = append(want, r)
		if i%2 == 0 { // the others are made in the same millisecond
			c.advance(time.Millisecond)
		}
	}
	if err := s.Revoke(t.Context(), want[3].ID); err != nil {
		t.Fatal(err)
	}
	want[3].Revoked = c.now()
	slices.SortStableFunc(want, func(a, b keys.Record) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for { // an index may lag
		got, err := s.List(ctx)
		if err != nil {
			t.Fatal(err)
		}
		diff := gocmp.Diff(want, got)
		if diff == "" {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("keys (-want +got):\n%s", diff)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
