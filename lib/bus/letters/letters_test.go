package letters_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"weir/lib/bus"
	"weir/lib/bus/letters"
	"weir/lib/fault"
	"weir/lib/table"
	"weir/lib/table/tabletest"
	"weir/lib/table/tabletest/drivers"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func letter(key string) bus.Letter {
	return bus.Letter{Key: key, From: "publisher", Reason: "it cannot be read", Body: []byte(`{"v":2}`), At: noon}
}

func mustPut(t *testing.T, s *letters.Letters, ls ...bus.Letter) {
	t.Helper()
	for _, l := range ls {
		if err := s.Put(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
}

// all reads the list to its end, in pages of limit.
func all(t *testing.T, s *letters.Letters, limit int) (out []bus.Letter, unreadable []error) {
	t.Helper()
	next := ""
	for range 1000 {
		p, err := s.List(t.Context(), next, limit)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(p.Letters) + len(p.Unreadable); n > limit {
			t.Errorf("a page of %d letters, at most %d", n, limit)
		}
		out, unreadable = append(out, p.Letters...), append(unreadable, p.Unreadable...)
		if next = p.Next; next == "" {
			return out, unreadable
		}
	}
	t.Fatal("the list has no end")
	return nil, nil
}

func wantAll(t *testing.T, s *letters.Letters, want ...bus.Letter) {
	t.Helper()
	for _, limit := range []int{1, 3, 100} {
		got, unreadable := all(t, s, limit)
		if len(unreadable) > 0 {
			t.Error(unreadable)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("letters, %d a page (-want +got):\n%s", limit, diff)
		}
	}
}

func TestLetters(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		s := letters.New(tb)
		wantAll(t, s)

		var want []bus.Letter
		for i := range 7 {
			l := letter(fmt.Sprintf("call-%d", i))
			l.Body = []byte{byte(i), 0, 0xff}
			want = append(want, l)
		}
		backwards := slices.Clone(want)
		slices.Reverse(backwards)
		mustPut(t, s, backwards...)
		wantAll(t, s, want...)

		again := letter("call-3")
		again.Reason, again.From, again.At, again.Body = "still not", "aggregator", noon.Add(time.Hour), nil
		mustPut(t, s, again)
		want[3] = again
		wantAll(t, s, want...)

		for range 2 { // the second time there is none
			if err := s.Delete(t.Context(), "call-0"); err != nil {
				t.Fatal(err)
			}
		}
		wantAll(t, s, want[1:]...)

		t.Run("the list goes on although a letter was deleted", func(t *testing.T) {
			p, err := s.List(t.Context(), "", 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range p.Letters {
				if err := s.Delete(t.Context(), l.Key); err != nil {
					t.Fatal(err)
				}
			}
			p, err = s.List(t.Context(), p.Next, 1)
			if err != nil || len(p.Letters) != 1 || p.Letters[0].Key != "call-3" {
				t.Errorf("%v, %v", p, err)
			}
		})
	})
}

func TestOddLetters(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		s := letters.New(tb)
		only := func(t *testing.T) bus.Letter {
			t.Helper()
			got, unreadable := all(t, s, 10)
			if len(got) != 1 || len(unreadable) > 0 {
				t.Fatalf("%d letters, %v", len(got), unreadable)
			}
			if err := s.Delete(t.Context(), got[0].Key); err != nil {
				t.Fatal(err)
			}
			wantAll(t, s)
			return got[0]
		}
		for name, key := range map[string]string{
			"separators":    "a#b%c/d~e",
			"a long key":    strings.Repeat("k", 5000),
			"characters":    strings.Repeat("雪", 300),
			"not UTF-8":     "\xff\xfe",
			"one character": "x",
			"700 bytes":     strings.Repeat("k", 700),
		} {
			t.Run(name, func(t *testing.T) {
				mustPut(t, s, letter(key))
				mustPut(t, s, letter(key))
				got := only(t)
				mustPut(t, s, got, letter(key)) // by its shorter name it is the same letter
				only(t)
			})
		}
		t.Run("two long keys of one beginning", func(t *testing.T) {
			mustPut(t, s, letter(strings.Repeat("k", 2000)), letter(strings.Repeat("k", 2001)))
			got, _ := all(t, s, 10)
			if len(got) != 2 {
				t.Errorf("%d letters, want two", len(got))
			}
			for _, l := range got {
				if err := s.Delete(t.Context(), l.Key); err != nil {
					t.Fatal(err)
				}
			}
		})
		t.Run("a long body is cut, and the letter says so", func(t *testing.T) {
			l := letter("long")
			l.Body, l.Reason = bytes.Repeat([]byte("b"), letters.MaxBody+1), strings.Repeat("why ", 2000)
			mustPut(t, s, l)
			got := only(t)
			if !bytes.Equal(got.Body, l.Body[:letters.MaxBody]) {
				t.Errorf("%d bytes are kept", len(got.Body))
			}
			if !strings.HasPrefix(got.Reason, "why why") || !strings.HasSuffix(got.Reason, "262145 bytes the first 262144 are kept)") {
				t.Errorf("reason %q", got.Reason)
			}
		})
		t.Run("no key", func(t *testing.T) {
			if err := s.Put(t.Context(), letter("")); fault.KindOf(err) != fault.Internal {
				t.Errorf("error %v", err)
			}
			if err := s.Delete(t.Context(), ""); err != nil {
				t.Error(err)
			}
			wantAll(t, s)
		})
		t.Run("a bad list", func(t *testing.T) {
			for _, tc := range []struct {
				next  string
				limit int
			}{{"", 0}, {"", -1}, {"here", 1}} {
				if _, err := s.List(t.Context(), tc.next, tc.limit); fault.KindOf(err) != fault.Invalid || fault.Of(err).Public == "" {
					t.Errorf("%+v: error %v, want one of kind Invalid that says why", tc, err)
				}
			}
		})
		t.Run("a letter that cannot be read is told", func(t *testing.T) {
			mustPut(t, s, letter("a"), letter("b"))
			for sk, set := range map[string]table.Item{"broken-1": {"at": "noon"}, "broken-2": {"body": "text"}} {
				err := tb.Do(t.Context(), table.Write{Kind: table.Put, Table: "state", Key: table.Key{PK: "dead", SK: sk}, Set: set})
				if err != nil {
					t.Fatal(err)
				}
			}
			got, unreadable := all(t, s, 3)
			if len(got) != 2 || len(unreadable) != 2 {
				t.Fatalf("%d letters, and %v", len(got), unreadable)
			}
			for i, err := range unreadable {
				if want := fmt.Sprintf("broken-%d", i+1); !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not name %s", err, want)
				}
			}
		})
	})
}

// TestTrouble: lost answers and throttling are repeated; a store that stays
// away is StoreDown.
func TestTrouble(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		store := tabletest.NewFaulty(tb, nil)
		s := letters.New(store)
		for name, faults := range map[string][]tabletest.Fault{
			"throttled": {tabletest.Throttled, tabletest.Throttled}, "lost before": {tabletest.LostBefore},
			"lost after": {tabletest.LostAfter}, "all of them": {tabletest.LostAfter, tabletest.Conflict, tabletest.LostBefore},
		} {
			t.Run(name, func(t *testing.T) {
				store.Set(tabletest.Calls(faults...))
				mustPut(t, s, letter("x"))
				store.Set(tabletest.Calls(faults...))
				wantAll(t, s, letter("x"))
				store.Set(tabletest.Calls(faults...))
				if err := s.Delete(t.Context(), "x"); err != nil {
					t.Fatal(err)
				}
				store.Set(nil)
				wantAll(t, s)
			})
		}
		t.Run("away", func(t *testing.T) {
			store.Set(func(tabletest.Call) tabletest.Fault { return tabletest.Throttled })
			defer store.Set(nil)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
			defer cancel()
			_, listed := s.List(ctx, "", 1)
			for _, err := range []error{s.Put(ctx, letter("x")), listed, s.Delete(ctx, "x")} {
				if fault.KindOf(err) != fault.StoreDown {
					t.Errorf("error %v, want one of kind StoreDown", err)
				}
			}
		})
	})
}
