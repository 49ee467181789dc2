package sqlite

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"weir/lib/table"
)

func TestCodecKeepsItems(t *testing.T) {
	value := rapid.OneOf(
		rapid.String().AsAny(), rapid.Int64().AsAny(), rapid.Bool().AsAny(), rapid.SliceOf(rapid.Byte()).AsAny(),
	)
	rapid.Check(t, func(rt *rapid.T) {
		it := table.Item(rapid.MapOf(rapid.String(), value).Draw(rt, "item"))
		it[table.PK], it[table.SK] = "p", "s"
		blob := encode(nil, it)
		got, err := decode(blob, table.Key{PK: "p", SK: "s"})
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(it, got); diff != "" {
			rt.Fatalf("(-in +out):\n%s", diff)
		}
		clear(blob) // the item must not look into it
		if diff := cmp.Diff(it, got); diff != "" {
			rt.Fatalf("the item changes with its blob (-in +out):\n%s", diff)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte{codecVersion, 0})
	f.Add(encode(nil, table.Item{"text": "x", "n": int64(-1), "yes": true, "no": false, "raw": []byte{1}}))
	f.Add([]byte{codecVersion, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, blob []byte) {
		it, err := decode(blob, table.Key{PK: "p", SK: "s"})
		if err != nil {
			return
		}
		again, err := decode(encode(nil, it), table.Key{PK: "p", SK: "s"})
		if err != nil || !it.Equal(again) {
			t.Errorf("%v was read, written and read as %v, %v", it, again, err)
		}
	})
}
