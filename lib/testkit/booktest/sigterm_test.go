package booktest

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"weir/lib/testkit/fakeprovider"
	"weir/lib/testkit/rig"
)

// inFlight starts the program and as many calls of each kind as are asked for,
// and returns when the provider has got all of them. wait returns what their
// callers saw.
func inFlight(t *testing.T, p *fakeprovider.Provider, kinds map[string]kind, each int) (r *running, wait func() []seen) {
	t.Helper()
	r = newProgram(t, strings.Replace(yaml(setting{}), "base_url: http://"+host+"/v1", "base_url: "+p.URL+", credential: { env: BOOKS_KEY }", 1)).start()
	at := newAddress()
	at.set(r)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	var wg sync.WaitGroup
	calls := make([]seen, len(kinds)*each)
	next := 0
	for _, k := range kinds {
		for range each {
			n := next
			next++
			wg.Go(func() { calls[n] = call(t, client, at, n, k, rand.New(rand.NewPCG(1, uint64(n)))) })
		}
	}
	p.Await(len(calls))
	return r, func() []seen {
		wg.Wait()
		return calls
	}
}

// long are calls that go on for a second or so.
func long(p *fakeprovider.Provider) map[string]kind {
	p.Model("long", fakeprovider.Answer{Text: strings.Repeat("word ", 100), PieceDelay: time.Second})
	return map[string]kind{
		"streamed":  {name: "streamed", body: prompt("long", streamed)},
		"whole":     {name: "whole", body: prompt("slow", "")},
		"cancelled": {name: "cancelled", body: prompt("long", streamed), leave: amid},
	}
}

// SIGTERM lets calls come to their end, those that are read on for callers who
// have left, too, and leaves no open row.
func TestSIGTERMLeavesNoOpenRow(t *testing.T) {
	t.Parallel()
	p := fakeprovider.Start(t, fakeprovider.Options{Key: rig.Secret})
	const each = 6
	r, wait := inFlight(t, p, long(p), each)
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	calls := wait()
	if err := r.end(); err != nil {
		t.Errorf("the program ended with %v", err)
	}
	if req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+"/healthz", nil); err != nil {
		t.Fatal(err)
	} else if resp, err := http.DefaultClient.Do(req); err == nil {
		resp.Body.Close()
		t.Errorf("something still answers: %d", resp.StatusCode)
	}
	rows := r.rows("")
	if open := r.rows("open"); len(open) != 0 || len(rows) != 3*each {
		t.Fatalf("%d rows, %d open, want %d and none", len(rows), len(open), 3*each)
	}
	for _, c := range calls {
		outcome, source, ended := "ok", "provider", answered
		if c.kind.leave != stays {
			outcome, source, ended = "client_gone", "drained", left
		}
		row := r.decode(rows[c.id])
		if c.ended != ended || *row.Outcome != outcome || *row.UsageSource != source {
			t.Errorf("%s: ended %d, row is %s by %s", c.kind.name, c.ended, *row.Outcome, *row.UsageSource)
		}
	}
}

// A second signal ends the program at once. Open are the calls that were in
// flight and no others.
func TestTwoSignalsAreAKill(t *testing.T) {
	t.Parallel()
	p := fakeprovider.Start(t, fakeprovider.Options{Key: rig.Secret})
	r, wait := inFlight(t, p, map[string]kind{
		"done":    {name: "done", body: prompt("gpt-4o", "")},
		"stalled": {name: "stalled", body: prompt("stall", streamed)},
	}, 4)
	for settled := 0; settled < 4; {
		settled = len(r.rows("settled"))
	}
	ended := make(chan error, 1)
	go func() { ended <- r.end() }()
	var err error
	for signals, over := 0, false; !over; signals++ {
		if signals < 50 {
			_ = r.cmd.Process.Signal(syscall.SIGTERM) // fails when the program has ended
		}
		select {
		case err = <-ended:
			over = true
		case <-time.After(100 * time.Millisecond):
		}
	}
	if err == nil {
		t.Error("the program ended in order")
	}
	var open, want []string
	for _, raw := range r.rows("open") {
		open = append(open, r.decode(raw).Tags["n"])
	}
	for n, c := range wait() {
		if c.kind.name == "stalled" {
			want = append(want, strconv.Itoa(n))
		}
	}
	slices.Sort(open)
	slices.Sort(want)
	if !slices.Equal(open, want) {
		t.Errorf("open are %v, want %v", open, want)
	}
}
