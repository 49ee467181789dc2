package booktest

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// kind is one kind of call. A body has one verb, for the call's number; the
// provider finds it in the prompt and the books in a tag.
type kind struct {
	name   string
	weight int
	body   string
	path   string // chat if empty
	key    string // the program's if empty
	tags   string // but for the number; a use case if empty
	leave  leaving
	gate   bool // the gateway refuses it, and there is no row
}

// leaving is when the caller hangs up, if it does.
type leaving uint8

const (
	stays  leaving = iota
	early          // within a few milliseconds
	midway         // within the time of an answer
	amid           // after a few lines of a stream
)

// prompt is a chat request's body for a model; more are further members.
func prompt(model, more string) string {
	return `{"model":"p/` + model + `",` + more + `"messages":[{"role":"user","content":"call %d: one two three four five six"}]}`
}

const (
	streamed = `"stream":true,`
	tools    = `"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{}}}},{"type":"function","function":{"name":"g","parameters":{"type":"object","properties":{}}}}],`
)

// mixed are the kinds of calls; the weights add up to 100.
var mixed = []kind{
	// Good ones.
	{name: "whole", weight: 10, body: prompt("gpt-4o-mini", "")},
	{name: "streamed", weight: 12, body: prompt("gpt-4o", streamed)},
	{name: "usage asked for", weight: 4, body: prompt("gpt-4o", streamed+`"stream_options":{"include_usage":true},`)},
	{name: "tools", weight: 3, body: prompt("interleaved-tools", streamed+tools)},
	{name: "cached", weight: 3, body: prompt("cached", "")},
	{name: "cached, streamed", weight: 3, body: prompt("cached", streamed)},
	{name: "usage on finish", weight: 2, body: prompt("usage-on-finish", streamed)},
	{name: "no usage", weight: 2, body: prompt("usage-never", streamed)},
	{name: "embeddings", weight: 4, path: "/v1/embeddings", body: `{"model":"p/text-embedding-3-small","input":"call %d: one two three"}`},
	{name: "slow", weight: 4, body: prompt("slow-tokens", streamed)},
	// Refused by the gateway.
	{name: "no JSON", weight: 2, gate: true, body: `{"model":"p/gpt-4o", call %d`},
	{name: "no messages", weight: 2, gate: true, body: `{"model":"p/gpt-4o","messages":[],"user":"call %d"}`},
	{name: "unknown model", weight: 2, gate: true, body: strings.Replace(prompt("gpt-4o", ""), "p/", "q/", 1)},
	{name: "bad key", weight: 2, gate: true, key: "sk-weir-000000000000-00000000000000000000000000000000000000", body: prompt("gpt-4o", "")},
	// Refused or failed by the provider.
	{name: "context length", weight: 3, body: prompt("context-length", "")},
	{name: "model the provider lacks", weight: 2, body: prompt("nobody", streamed)},
	{name: "500", weight: 3, body: prompt("status-500", streamed)},
	{name: "429", weight: 3, body: prompt("status-429", "")},
	{name: "page", weight: 2, body: prompt("html", "")},
	{name: "garbage", weight: 2, body: prompt("garbage", "")},
	{name: "error with 200", weight: 2, body: prompt("error-200", "")},
	{name: "error in the stream", weight: 2, body: prompt("error-in-stream", streamed)},
	{name: "cut", weight: 3, body: prompt("cut-clean", streamed)},
	{name: "aborted", weight: 3, body: prompt("cut-late", streamed)},
	{name: "aborted, whole", weight: 2, body: prompt("cut-abort", "")},
	{name: "stalled", weight: 2, body: prompt("stall", streamed)},
	// Cancelled.
	{name: "cancelled early", weight: 4, leave: early, body: prompt("gpt-4o", streamed)},
	{name: "cancelled midway", weight: 4, leave: midway, body: prompt("slow", "")},
	{name: "cancelled amid", weight: 8, leave: amid, body: prompt("slow-tokens", streamed)},
}

// pick chooses a kind by the weights.
func pick(dice *rand.Rand) kind {
	at := dice.IntN(100)
	for _, k := range mixed {
		if at -= k.weight; at < 0 {
			return k
		}
	}
	panic("the weights do not add up to 100")
}

// seen is what the caller of one call saw.
type seen struct {
	kind  kind
	id    string // x-weir-call-id; empty where no head came
	run   int    // of the program, from 0
	ended ended
}

// ended is how the exchange ended for the caller.
type ended uint8

const (
	answered ended = iota // to its proper end, of an answer or of an error
	left                  // the caller hung up
	died                  // the connection broke
)

// address is where the program answers, while it does.
type address struct {
	mu   sync.Mutex
	cond *sync.Cond
	run  int // how often it was started before
	r    *running
}

func newAddress() *address {
	a := &address{run: -1}
	a.cond = sync.NewCond(&a.mu)
	return a
}

// set names the running program, or nil.
func (a *address) set(r *running) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.r = r; r != nil {
		a.run++
	}
	a.cond.Broadcast()
}

// get waits until the program runs.
func (a *address) get() (r *running, run int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.r == nil {
		a.cond.Wait()
	}
	return a.r, a.run
}

// call makes call number n, once.
func call(t *testing.T, client *http.Client, at *address, n int, k kind, dice *rand.Rand) seen {
	r, run := at.get()
	s := seen{kind: k, run: run}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if most := map[leaving]time.Duration{early: 4 * time.Millisecond, midway: 400 * time.Millisecond}[k.leave]; most > 0 {
		defer time.AfterFunc(time.Duration(dice.Int64N(int64(most))), cancel).Stop()
	}
	path, key := k.path, k.key
	if path == "" {
		path = chat
	}
	if key == "" {
		key = r.key
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url+path, strings.NewReader(fmt.Sprintf(k.body, n)))
	if err != nil {
		t.Error(err)
		return s
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("X-Weir-Tags", fmt.Sprintf("%s,n=%d", cmp.Or(k.tags, "use_case=books"), n))
	resp, err := client.Do(req)
	if err == nil {
		defer resp.Body.Close()
		s.id = resp.Header.Get("X-Weir-Call-Id")
		lines := -1
		if k.leave == amid {
			lines = dice.IntN(20)
		}
		err = read(resp, lines, cancel)
	}
	switch {
	case ctx.Err() != nil:
		s.ended = left
	case errors.Is(err, errUnfinished):
		t.Errorf("call %d (%s): %v", n, k.name, err)
	case err != nil:
		s.ended = died
	}
	return s
}

var errUnfinished = errors.New("the answer ended without its end")

// read reads an answer, or so many lines of it before it hangs up. A stream
// that ends without [DONE] or an error is unfinished.
func read(resp *http.Response, lines int, hangUp func()) error {
	stream := strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream")
	if !stream {
		_, err := io.Copy(io.Discard, resp.Body)
		return err
	}
	var last []byte
	for r := bufio.NewReader(resp.Body); ; lines-- {
		if lines == 0 {
			hangUp()
		}
		line, err := r.ReadBytes('\n')
		if data, ok := bytes.CutPrefix(line, []byte("data: ")); ok {
			last = data
		}
		switch {
		case errors.Is(err, io.EOF) && (bytes.HasPrefix(last, []byte("[DONE]")) || bytes.HasPrefix(last, []byte(`{"error":`))):
			return nil
		case errors.Is(err, io.EOF):
			return fmt.Errorf("%w: %q", errUnfinished, last)
		case err != nil:
			return err
		}
	}
}
