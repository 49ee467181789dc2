package table_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"weir/lib/table"
)

func TestDecoder(t *testing.T) {
	d := table.Decode(table.Item{
		"pk": "p", "sk": "s", "text": "t", "number": int64(7), "flag": true, "bytes": []byte{1}, "unknown": "ignored",
	})
	if d.String("text") != "t" || d.Int("number") != 7 || !d.Bool("flag") || !bytes.Equal(d.Bytes("bytes"), []byte{1}) {
		t.Error("attributes are not read as they are")
	}
	if d.String("none") != "" || d.Int("none") != 0 || d.Bool("none") || d.Bytes("none") != nil {
		t.Error("an absent attribute is not zero")
	}
	if err := d.Err(); err != nil {
		t.Error(err)
	}
}

func TestDecoderNamesWhatItCannotRead(t *testing.T) {
	d := table.Decode(table.Item{"pk": "call-1", "sk": "call", "output": "many"})
	if got := d.Int("output"); got != 0 {
		t.Errorf("got %d of a text", got)
	}
	d.Fail("input", nil)
	d.Fail("input", errors.New("a later one"))
	err := d.Err()
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"call-1/call", "output", "string", "int64"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	}
	if strings.Contains(err.Error(), "later") {
		t.Errorf("error %q is not the first one", err)
	}
}
