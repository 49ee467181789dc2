package booktest

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/lib/accounting/ledger"
	"weir/lib/accounting/reaper"
	"weir/lib/table/layout"
	"weir/lib/table/tabletest"
	"weir/lib/testkit/fakeprovider"
	"weir/lib/testkit/rig"
)

// hasty returns a reaper on a program's store whose clock is an hour ahead, so
// that it gives up every call that is under way.
func hasty(t *testing.T, p *program) *reaper.Reaper {
	t.Helper()
	db := tabletest.OpenSQLite(t, filepath.Join(p.dir, "store"), layout.All())
	ahead := func() time.Time { return time.Now().Add(time.Hour) }
	return reaper.New(ledger.New(db), ahead, slog.New(slog.DiscardHandler))
}

// config has a provider with prices, p, and one without, u, both at url.
func config(url, more string) string {
	return `
version: 1
providers:
  p: { kind: openai, base_url: ` + url + `, credential: { env: BOOKS_KEY } }
  u: { kind: openai, base_url: ` + url + `, credential: { env: BOOKS_KEY } }
models:
  "p/*": p/*
  "u/*": u/*
prices:
  "p/*": { input: 1.00, output: 4.00, cache_read: 0.25 }
settings:
  unknown_price: allow_unpriced
` + more
}

// gate is a provider that keeps requests waiting until it is opened.
type gate struct {
	*fakeprovider.Provider

	came chan struct{} // one for each request
	open chan struct{}
}

func (g gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.came <- struct{}{}
	select {
	case <-g.open:
		g.Provider.ServeHTTP(w, r)
	case <-r.Context().Done():
	}
}

// Calls that a reaper takes for dead, and that come to their end after all:
// what they cost is added to the cells, in rows of its own, and no row is
// edited.
func TestCallsThatEndAfterTheyWereGivenUp(t *testing.T) {
	t.Parallel()
	kinds := []kind{
		{name: "whole", body: prompt("gpt-4o", "")},
		{name: "streamed", body: prompt("gpt-4o", streamed)},
		{name: "cached", body: prompt("cached", "")},
		{name: "no usage", body: prompt("usage-never", streamed)},
		{name: "unpriced", body: strings.Replace(prompt("cached", streamed), "p/", "u/", 1)},
		{name: "failed", body: prompt("status-500", "")},
		{name: "cut", body: prompt("cut-clean", streamed)},
	}
	const failed = 2
	g := gate{fakeprovider.New(fakeprovider.Options{Key: rig.Secret}), make(chan struct{}, len(kinds)), make(chan struct{})}
	t.Cleanup(g.Close)
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	b := &books{t: t, p: g.Provider, calls: make([]seen, len(kinds)), weir: newProgram(t, config(server.URL+"/v1", ""))}
	r := b.weir.start()
	at, began := newAddress(), time.Now()
	at.set(r)
	var wg sync.WaitGroup
	for n, k := range kinds {
		wg.Go(func() { b.calls[n] = call(t, http.DefaultClient, at, n, k, rand.New(rand.NewPCG(1, uint64(n)))) })
	}
	for range kinds {
		<-g.came
	}
	if got, err := hasty(t, b.weir).Pass(t.Context()); err != nil || got.Abandoned != len(kinds) {
		t.Fatalf("given up: %+v, %v", got, err)
	}
	early := b.awaitCosts(began, int64(len(kinds)))
	if early["errors"] != int64(len(kinds)) || early["cost_nano_usd"] != 0 {
		t.Errorf("as given up they are %v", early)
	}
	close(g.open)
	wg.Wait()
	for n, c := range b.calls {
		if c.ended != answered {
			t.Errorf("call %d (%s) was not answered", n, c.kind.name)
		}
		b.checkShown(r, c.id)
	}
	b.stop(r)
	b.collect()
	b.checkUsage("provider", "estimated", "none")
	sum := b.checkCosts(time.UTC)
	if sum["calls"] != int64(len(kinds)) || sum["errors"] != failed || sum["unpriced_calls"] != 1 || sum["estimated_nano_usd"] == 0 {
		t.Errorf("in the end they are %v", sum)
	}
}

// awaitCosts waits until the cells of the month have so many calls, which the
// program books meanwhile, and returns their sum.
func (b *books) awaitCosts(began time.Time, calls int64) sums {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 20*time.Second)
	defer cancel()
	month := began.UTC().Format("2006-01")
	for {
		sum := b.weir.costs(month).total(true)
		if sum["calls"] == calls {
			return sum
		}
		select {
		case <-ctx.Done():
			b.t.Fatalf("%d calls were booked, want %d", sum["calls"], calls)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// checkShown checks that weir calls show tells of a call that was given up and
// of its end, and GET /v1/usage as well.
func (b *books) checkShown(r *running, id string) {
	b.t.Helper()
	type short struct {
		CallID     string `json:"call_id"`
		Corrects   string `json:"corrects"`
		Outcome    string `json:"outcome"`
		Correction *short `json:"correction"`
	}
	var (
		c   short
		doc json.RawMessage
	)
	b.weir.cli(&doc, "calls", "show", id)
	if err := json.Unmarshal(doc, &c); err != nil {
		b.t.Fatal(err)
	}
	if body := r.usage(id); !bytes.Equal(compact(b.t, body), compact(b.t, doc)) {
		b.t.Errorf("weir calls show: %s\nGET /v1/usage: %s", doc, body)
	}
	if c.CallID != id || c.Outcome != "abandoned" || c.Correction == nil || c.Correction.CallID != id+"~1" || c.Correction.Corrects != id || c.Correction.Outcome == "abandoned" {
		b.t.Errorf("weir calls show %s: %+v, corrected by %+v", id, c, c.Correction)
	}
	text := b.weir.output("calls", "show", id)
	for _, want := range []string{"abandoned", "corrected by", id + "~1"} {
		if !strings.Contains(text, want) {
			b.t.Errorf("weir calls show %s has no %q:\n%s", id, want, text)
		}
	}
}

// A reaper that gives up calls while they come to their end, some of them just
// before it and some just after: each call is counted once, at what it cost.
func TestAReaperBesideCallsThatEnd(t *testing.T) {
	t.Parallel()
	seed := chosenSeed(t)
	p := fakeprovider.Start(t, fakeprovider.Options{Key: rig.Secret})
	p.Model("cut-late", fakeprovider.Answer{Cut: &fakeprovider.Cut{After: 1100, How: fakeprovider.CutAbort}})
	b := &books{t: t, p: p, calls: make([]seen, 300), weir: newProgram(t, config(p.URL, "  timeouts: { between_tokens: 400ms }"))}
	b.dress = customers(b.weir)
	reapers, over := context.WithCancel(t.Context())
	defer over()
	var reaping sync.WaitGroup
	for i := range uint64(2) {
		r, dice := hasty(t, b.weir), rand.New(rand.NewPCG(seed, i))
		reaping.Go(func() {
			for reapers.Err() == nil {
				if _, err := r.Pass(reapers); err != nil && reapers.Err() == nil {
					t.Error(err)
				}
				<-time.After(time.Duration(dice.IntN(30)) * time.Millisecond)
			}
		})
	}
	r := b.traffic(rand.New(rand.NewPCG(seed, 0)), seed)
	over()
	reaping.Wait()
	b.stop(r)
	b.collect()
	b.checkUsage("provider", "drained", "estimated", "none")
	sum := b.checkCosts(time.UTC)
	corrected := 0
	for n, r := range b.rows {
		if r.Corrects != "" {
			corrected++
			if was := b.weir.decode(b.raw[r.Corrects]); *was.Outcome != "abandoned" || *was.CostNanoUSD != 0 {
				t.Errorf("call %d is corrected and was %s", n, b.raw[r.Corrects])
			}
		}
		if r.State != "settled" || *r.Outcome == "abandoned" {
			t.Errorf("call %d (%s) ended, and is %s", n, b.calls[n].kind.name, b.raw[r.CallID])
		}
		if c := b.calls[n]; c.id != "" && !slices.Contains([]string{r.CallID, r.Corrects}, c.id) {
			t.Errorf("call %d has the row %s, its caller saw %s", n, r.CallID, c.id)
		}
	}
	t.Logf("%d of %d calls were given up", corrected, len(b.rows))
	if corrected == 0 || corrected == len(b.rows) {
		t.Error("there was no race")
	}
	if sum["calls"] != int64(len(b.rows)) {
		t.Errorf("%d calls are %v", len(b.rows), sum)
	}
}
