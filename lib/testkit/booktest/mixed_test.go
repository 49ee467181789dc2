package booktest

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"weir/lib/testkit/fakeprovider"
	"weir/lib/testkit/rig"
)

var seedFlag = flag.Uint64("seed", 0, "seed of the calls and of the moments of the kills; 0 chooses one")

const workers = 16

// books is what the program, its provider and its callers know.
type books struct {
	t      *testing.T
	p      *fakeprovider.Provider
	weir   *program
	kills  int                          // how often the program is killed
	dress  func(kind, *rand.Rand) kind  // changes calls, if it is there
	calls  []seen                       // by number
	asked  map[int]fakeprovider.Request // what the provider got, by number
	rows   map[int]row                  // by number
	raw    map[string]json.RawMessage
	killed map[int]bool // runs that ended by kill -9
}

func chosenSeed(t *testing.T) uint64 {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-seed %d", seed)
	return seed
}

// 500 mixed calls, and kill -9 at random moments among them. Each call has one
// row; open are only those that were in flight at a kill; and what was settled
// is what the provider reported.
func TestMixedCallsAndKills(t *testing.T) {
	t.Parallel()
	seed := chosenSeed(t)
	p := fakeprovider.Start(t, fakeprovider.Options{Key: rig.Secret})
	p.Model("cut-late", fakeprovider.Answer{Cut: &fakeprovider.Cut{After: 1100, How: fakeprovider.CutAbort}})
	b := &books{
		t: t, p: p, kills: 4, killed: map[int]bool{}, calls: make([]seen, 500),
		weir: newProgram(t, `
version: 1
providers:
  p: { kind: openai, base_url: `+p.URL+`, credential: { env: BOOKS_KEY } }
models:
  "p/*": p/*
prices:
  "p/*": { input: 1.00, output: 4.00, cache_read: 0.25 }
settings:
  unknown_price: allow_unpriced
  timeouts: { between_tokens: 400ms }
`),
	}
	r := b.traffic(rand.New(rand.NewPCG(seed, 0)), seed)
	b.checkUsageEndpoint(r)
	b.stop(r)
	b.collect()
	b.checkCalls()
	b.checkOpen()
	b.checkUsage("provider", "drained", "estimated", "none")
}

// traffic makes all calls, and meanwhile ends the program by force and starts
// it again. It returns the last one, which runs.
func (b *books) traffic(dice *rand.Rand, seed uint64) *running {
	size := len(b.calls)
	moments := make([]int, b.kills) // numbers of calls that have begun
	for i := range moments {
		moments[i] = size/20 + dice.IntN(size*9/10)
	}
	slices.Sort(moments)
	at, client := newAddress(), &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: workers}}
	defer client.CloseIdleConnections()
	var begun atomic.Int64
	reached := make(chan struct{}, size)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for n := int(begun.Add(1)) - 1; n < size; n = int(begun.Add(1)) - 1 {
				own := rand.New(rand.NewPCG(seed, uint64(n)+1))
				reached <- struct{}{}
				k := pick(own)
				if b.dress != nil {
					k = b.dress(k, own)
				}
				b.calls[n] = call(b.t, client, at, n, k, own)
			}
		})
	}
	r := b.weir.start()
	at.set(r)
	count := 0
	for run, moment := range moments {
		for ; count < moment; count++ {
			<-reached
		}
		<-time.After(time.Duration(dice.IntN(60)) * time.Millisecond)
		at.set(nil)
		if err := r.cmd.Process.Kill(); err != nil {
			b.t.Fatal(err)
		}
		if err := r.end(); err == nil {
			b.t.Fatal("the program survived kill -9")
		}
		b.killed[run] = true
		b.checkListing()
		r = b.weir.start()
		at.set(r)
	}
	wg.Wait()
	return r
}

// checkListing checks that what is open is listed as open, while the program
// is away.
func (b *books) checkListing() {
	open := b.weir.rows("open")
	for id, raw := range b.weir.rows("") {
		_, listed := open[id]
		if isOpen := b.weir.decode(raw).State == "open"; isOpen != listed {
			b.t.Errorf("row %s is open: %v, and listed as open: %v", id, isOpen, listed)
		}
		delete(open, id)
	}
	if len(open) > 0 {
		b.t.Errorf("listed as open and not at all: %v", open)
	}
}

// checkUsageEndpoint compares GET /v1/usage with weir calls, which works while
// the program runs, and weir calls show with both.
func (b *books) checkUsageEndpoint(r *running) {
	shown := 0
	for id, raw := range b.weir.rows("") {
		if b.weir.decode(raw).State == "open" && shown > 20 {
			continue // may be settled by now
		}
		body := r.usage(id)
		now := b.weir.decode(body)
		if was := b.weir.decode(raw); was.State == now.State && !bytes.Equal(compact(b.t, body), compact(b.t, raw)) {
			b.t.Errorf("weir calls: %s\nGET /v1/usage: %s", raw, body)
		}
		if shown++; shown%50 == 1 {
			var one json.RawMessage
			b.weir.cli(&one, "calls", "show", id)
			if !bytes.Equal(compact(b.t, one), compact(b.t, body)) {
				b.t.Errorf("weir calls show: %s\nGET /v1/usage: %s", one, body)
			}
		}
	}
}

// usage is what GET /v1/usage says of a call.
func (r *running) usage(id string) []byte {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.url+"/v1/usage/"+id, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+r.key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || resp.StatusCode != http.StatusOK {
		r.t.Fatalf("usage of %s: %d, %v: %s", id, resp.StatusCode, err, body)
	}
	return body
}

func compact(t *testing.T, raw []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return b.Bytes()
}

// stop ends the program in order.
func (b *books) stop(r *running) {
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		b.t.Fatal(err)
	}
	if err := r.end(); err != nil {
		b.t.Errorf("the program ended with %v", err)
	}
}

var numberOf = regexp.MustCompile(`call (\d+)\b`)

// collect reads the books and what the provider saw.
func (b *books) collect() {
	b.p.Wait()
	b.asked, b.rows = map[int]fakeprovider.Request{}, map[int]row{}
	for _, q := range b.p.Requests() {
		m := numberOf.FindSubmatch(q.Body)
		if m == nil {
			b.t.Fatalf("the provider got %q", q.Body)
		}
		n, _ := strconv.Atoi(string(m[1]))
		if _, twice := b.asked[n]; twice {
			b.t.Errorf("call %d (%s) was sent to the provider twice", n, b.calls[n].kind.name)
		}
		b.asked[n] = q
	}
	b.raw = b.weir.rows("")
	for id, raw := range b.raw {
		if b.raw[id+"~1"] != nil {
			continue // it was given up; its correction says what the call was
		}
		r := b.weir.decode(raw)
		n, err := strconv.Atoi(r.Tags["n"])
		if err != nil || n >= len(b.calls) {
			b.t.Fatalf("row %s has the tags %v", id, r.Tags)
		}
		if other, twice := b.rows[n]; twice {
			b.t.Errorf("call %d (%s) has the rows %s and %s", n, b.calls[n].kind.name, other.CallID, id)
		}
		b.rows[n] = r
	}
}

// checkCalls: one row for each call that was accepted, none for others.
func (b *books) checkCalls() {
	count := map[string]int{}
	for n, c := range b.calls {
		r, has := b.rows[n]
		_, asked := b.asked[n]
		name := c.kind.name
		switch {
		case c.kind.gate && (has || asked):
			b.t.Errorf("call %d (%s): row %v, seen by the provider %v, want neither", n, name, has, asked)
		case asked && !has:
			b.t.Errorf("call %d (%s) was sent to the provider without a row", n, name)
		case c.id != "" && !c.kind.gate && !has:
			b.t.Errorf("call %d (%s): the caller saw the id %s, and there is no row", n, name, c.id)
		case has && c.id != "" && r.CallID != c.id && r.Corrects != c.id:
			b.t.Errorf("call %d (%s): the caller saw the id %s, the row is %s", n, name, c.id, r.CallID)
		case c.ended == died && !b.killed[c.run]:
			b.t.Errorf("call %d (%s): its connection broke in a run that was not killed", n, name)
		case c.ended == answered && !c.kind.gate && !asked:
			b.t.Errorf("call %d (%s) was answered without the provider", n, name)
		}
		count[[]string{"answered", "left", "died"}[c.ended]]++
		if has {
			count["rows"]++
		}
		if has && r.State == "open" {
			count["open"]++
		}
	}
	b.t.Log(count)
	if count["died"] == 0 || count["rows"] < len(b.calls)/2 {
		b.t.Errorf("the kills met no call, or few were made: %v", count)
	}
}

// checkOpen: open are only rows of calls that a kill interrupted, and all of
// them are listed.
func (b *books) checkOpen() {
	listed := b.weir.rows("open")
	for n, r := range b.rows {
		c := b.calls[n]
		_, isListed := listed[r.CallID]
		switch {
		case isListed != (r.State == "open"):
			b.t.Errorf("call %d (%s) is %s, listed as open: %v", n, c.kind.name, r.State, isListed)
		case r.State == "open" && (c.ended == answered || !b.killed[c.run]):
			b.t.Errorf("call %d (%s) of run %d is open; answered %v, killed %v", n, c.kind.name, c.run, c.ended == answered, b.killed[c.run])
		case r.State != "open" && r.State != "settled":
			b.t.Errorf("call %d (%s) is %s", n, c.kind.name, r.State)
		}
	}
}

// checkUsage: what was settled is what the provider reported, call by call and
// in sum, and among it is usage from each of the given sources.
func (b *books) checkUsage(from ...string) {
	booked, reported := map[string]fakeprovider.Tokens{}, map[string]fakeprovider.Tokens{}
	sources := map[string]int{}
	for n, r := range b.rows {
		if r.State != "settled" {
			continue
		}
		q, asked := b.asked[n]
		name, source := b.calls[n].kind.name, *r.UsageSource
		sources[source]++
		u := fakeprovider.Tokens{
			Prompt: r.Tokens.Input + r.Tokens.CacheRead + r.Tokens.AudioInput, Cached: r.Tokens.CacheRead, AudioIn: r.Tokens.AudioInput,
			Completion: r.Tokens.Output + r.Tokens.AudioOutput, Reasoning: r.Tokens.Reasoning, AudioOut: r.Tokens.AudioOutput,
		}
		switch source {
		case "provider", "drained":
			if !q.Reported || u != q.Usage {
				b.t.Errorf("call %d (%s): the row has %+v, the provider reported %+v (%v)", n, name, u, q.Usage, q.Reported)
			}
			booked[*r.Model], reported[q.Model] = booked[*r.Model].Plus(u), reported[q.Model].Plus(q.Usage)
		case "estimated":
			if !asked || q.Reported {
				b.t.Errorf("call %d (%s) is estimated, the provider reported %+v (%v)", n, name, q.Usage, q.Reported)
			}
		case "none":
			if q.Reported || u != (fakeprovider.Tokens{}) {
				b.t.Errorf("call %d (%s) is settled with %+v and no source, the provider reported %+v (%v)", n, name, u, q.Usage, q.Reported)
			}
		}
		if want := r.Tokens.Input*1000 + r.Tokens.Output*4000 + r.Tokens.CacheRead*250; *r.Provider != "u" && (r.CostNanoUSD == nil || *r.CostNanoUSD != want) {
			b.t.Errorf("call %d (%s): cost %v, want %d", n, name, r.CostNanoUSD, want)
		}
		if id := *r.UpstreamRequestID; id != "" && id != q.ID {
			b.t.Errorf("call %d (%s): the provider's id is %s, the row has %s", n, name, q.ID, id)
		}
		if drained := source == "drained"; drained && *r.Outcome != "client_gone" {
			b.t.Errorf("call %d (%s): drained, and %s", n, name, *r.Outcome)
		}
	}
	b.t.Log(sources)
	if !maps.Equal(booked, reported) || len(booked) == 0 {
		b.t.Errorf("by model, booked %v, reported %v", booked, reported)
	}
	for _, source := range from {
		if sources[source] == 0 {
			b.t.Errorf("no usage is from %s", source)
		}
	}
}
