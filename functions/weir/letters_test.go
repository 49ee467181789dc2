package main

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
	"time"

	"weir/lib/bus"
	"weir/lib/bus/letters"
	"weir/lib/table/layout"
	"weir/lib/table/sqlite"
)

// What could not be counted is shown until somebody has dealt with it.
func TestDeadLettersAreShownAndDeleted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, err := sqlite.Open(dir, layout.All(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"call-1", "call-2"} {
		l := bus.Letter{Key: key, From: "aggregator", Reason: "of version 7", Body: []byte(`{"version":7}`), At: time.Unix(0, 0)}
		if err := letters.New(db).Put(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	path, err := exec.LookPath("weir") // testscript puts it into the test's own PATH
	if err != nil {
		t.Fatal(err)
	}
	weir := func(status int, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), path, append(append([]string{"usage", "dead-letters"}, args...), "--store", "embedded:"+dir)...)
		cmd.Env = append(cmd.Environ(), quickExit)
		out, _ := cmd.Output()
		if got := cmd.ProcessState.ExitCode(); got != status {
			t.Fatalf("weir usage dead-letters %v: exit status %d, want %d: %s", args, got, status, out)
		}
		return string(out)
	}
	if table := weir(1); !strings.Contains(table, "1970-01-01 00:00:00  call-1  aggregator  of version 7") {
		t.Errorf("table:\n%s", table)
	}
	var doc []struct{ Key, From, Reason, At, Body string }
	if err := json.Unmarshal([]byte(weir(1, "--format", "json")), &doc); err != nil || len(doc) != 2 || doc[1].Body != `{"version":7}` {
		t.Errorf("document %+v, %v", doc, err)
	}
	weir(0, "--delete", "call-1")
	weir(0, "--delete", "call-2")
	weir(0)
}
