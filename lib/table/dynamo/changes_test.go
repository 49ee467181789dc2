package dynamo_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"weir/lib/table"
	"weir/lib/table/dynamo"
)

func TestChangesOfAStream(t *testing.T) {
	raw, err := os.ReadFile("testdata/stream-event.json")
	if err != nil {
		t.Fatal(err)
	}
	var e dynamo.Event
	if err := json.Unmarshal(raw, &e); err != nil {
		t.Fatal(err)
	}
	cs, unread := dynamo.Changes(e, "weir")
	k := table.Key{PK: "0193", SK: "call"}
	open := table.Item{"pk": "0193", "sk": "call", "state": "open", "cost": int64(0), "stream": true, "raw": []byte("hello")}
	settled := table.Item{"pk": "0193", "sk": "call", "state": "settled", "cost": int64(1000), "stream": false, "raw": []byte{}}
	want := []table.Change{
		{Table: "ledger", Seq: "100", Key: k, New: open},
		{Table: "ledger", Seq: "101", Key: k, Old: open, New: settled},
		{Table: "ledger", Seq: "102", Key: k, Old: settled},
		{Table: "ledger", Seq: "103", Key: k, Old: settled, Expired: true},
	}
	if diff := cmp.Diff(want, cs); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	var got []string
	for _, u := range unread {
		if !strings.Contains(string(e.Records[4+len(got)]), string(u.Raw)) {
			t.Errorf("unread record %s comes back as %s", u.Seq, u.Raw)
		}
		got = append(got, u.Seq+" "+u.Err.Error())
	}
	wantUnread := []string{
		"200 dynamo: stream record 200: attribute tokens: a number that is no 64-bit integer",
		`201 dynamo: stream record 201: not a change of a table: stream "arn:aws:dynamodb:us-east-1:123456789012:table/other-ledger/stream/2026-11-25T00:00:00.000" is of no table with prefix "weir"`,
		"202 dynamo: stream record 202: not a change of a table: MODIFY needs a sequence number, the key and both images",
		"203 dynamo: stream record 203: not a change of a table: attribute list is of a type that is not stored here",
	}
	if len(got) != len(wantUnread)+1 {
		t.Fatalf("unread: %q", got)
	}
	if diff := cmp.Diff(wantUnread, got[:len(wantUnread)]); diff != "" {
		t.Errorf("unread (-want +got):\n%s", diff)
	}
	if last := unread[len(unread)-1]; last.Err == nil || string(last.Raw) != `"not a record"` {
		t.Errorf("a record that is none: %+v", last)
	}
}
