package publisher_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"weir/lib/table"
)

// TestUnreadableRows: what makes no event is kept with its body, and does not
// stop what comes behind it.
func TestUnreadableRows(t *testing.T) {
	for name, tc := range map[string]struct {
		set  table.Item
		want string // in the reason
	}{
		"a newer version":       {table.Item{"v": int64(2)}, "version 2"},
		"no version":            {table.Item{"v": nil}, "version 0"},
		"an unknown state":      {table.Item{"state": "gone"}, `"gone"`},
		"a state of a type":     {table.Item{"state": int64(1)}, "state"},
		"a text for a number":   {table.Item{"output": "many"}, "output"},
		"no team":               {table.Item{"team": nil}, "team is empty"},
		"a day that is none":    {table.Item{"day": "soon"}, `day is "soon"`},
		"negative tokens":       {table.Item{"input": int64(-7)}, "tokens.input is -7"},
		"a negative cost":       {table.Item{"cost_nano_usd": int64(-1)}, "cost_nano_usd is -1"},
		"a correction of none":  {table.Item{"corrects": "bad"}, "own call_id"},
		"several things at all": {table.Item{"team": nil, "outcome": nil}, "outcome is empty; team is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			var b fakeBus
			var letters box
			bad := row("bad", tc.set)
			cs := append(settles("a"), change(open("bad"), bad))
			cs = append(cs, settles("z")...)
			done, err := taken(t, &b, &letters, cs)
			if done != 3 || err != nil {
				t.Fatalf("done %d, %v", done, err)
			}
			if diff := cmp.Diff([]string{"a", "z"}, ids(b.got)); diff != "" {
				t.Errorf("published (-want +got):\n%s", diff)
			}
			l := letters.got["bad"]
			if len(letters.got) != 1 || l.From != "publisher" || !l.At.Equal(noon) || !strings.Contains(l.Reason, tc.want) {
				t.Errorf("letters %+v, want one that says %s", letters.got, tc.want)
			}
			want, err := json.Marshal(bad)
			if err != nil || string(l.Body) != string(want) {
				t.Errorf("body %s, want %s", l.Body, want)
			}
		})
	}
	t.Run("where letters cannot be kept, the batch ends there", func(t *testing.T) {
		var b fakeBus
		letters := box{down: errors.New("no store")}
		cs := append(settles("a", "b"), change(open("bad"), row("bad", table.Item{"v": int64(2)})))
		cs = append(cs, settles("z")...)
		done, err := taken(t, &b, &letters, cs)
		if done != 2 || !errors.Is(err, letters.down) {
			t.Errorf("done %d, %v", done, err)
		}
		if diff := cmp.Diff([]string{"a", "b"}, ids(b.got)); diff != "" {
			t.Errorf("published (-want +got):\n%s", diff)
		}
	})
}
