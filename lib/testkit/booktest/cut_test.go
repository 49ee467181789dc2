package booktest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"weir/lib/accounting/ledger"
	"weir/lib/dialect"
	"weir/lib/dialect/openaichat"
	"weir/lib/gateway"
	"weir/lib/llm"
	"weir/lib/testkit/fakeprovider"
	"weir/lib/testkit/rig"
	"weir/lib/wire"
)

// recorded are the answers that are cut after every byte.
var recorded = map[string]struct {
	answer fakeprovider.Answer
	stream bool
}{
	"streamed": {fakeprovider.Answer{Text: "Hi", Calls: []fakeprovider.Call{{Name: "f", Arguments: `{"a":1}`}}}, true},
	"whole":    {fakeprovider.Answer{Text: "Hi"}, false},
}

// ways are how a connection ends, and after each how many bytes it is tried. A
// reset is an abort that may lose bytes besides.
var ways = map[string]struct {
	how  fakeprovider.CutHow
	step int
}{
	"clean": {fakeprovider.CutClean, 1}, "aborted": {fakeprovider.CutAbort, 1}, "reset": {fakeprovider.CutReset, 17},
}

// An answer that is cut after any of its bytes never reads as whole: the
// caller is told by the status or in band, and the row says truncated or
// upstream_error. Over real connections, and the transport of the product.
func TestCutAfterEveryByte(t *testing.T) {
	t.Parallel()
	p := fakeprovider.Start(t, fakeprovider.Options{Key: rig.Secret})
	r := rig.Start(t, rig.Options{Config: strings.Replace(yaml(setting{}), "http://"+host, strings.TrimSuffix(p.URL, "/v1"), 1)})
	r.Client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: cutters}}
	defer r.Client.CloseIdleConnections()
	series := 0
	for name, rec := range recorded {
		p.Model(uncut, rec.answer)
		ref := r.Must(chat, ask(uncut, rec.stream))
		q, _ := p.Last()
		if ref.Status != http.StatusOK || q.Sent < 300 {
			t.Fatalf("the uncut answer has %d bytes: %d %s", q.Sent, ref.Status, ref.Body)
		}
		for by, way := range ways {
			t.Run(name+"/"+by, func(t *testing.T) {
				series++
				c := cuts{t: t, r: r, p: p, series: series, answer: rec.answer, how: way.how, step: way.step, stream: rec.stream, ref: ref.Body, size: int(q.Sent)}
				c.run()
			})
		}
	}
}

// forgetful is a dialect that takes every end of a stream for a good one.
type forgetful struct{ openaichat.Back }

func (f forgetful) Stream(op llm.Op, sent llm.Outbound, t dialect.Target, frames wire.Frames) llm.Stream {
	return func(yield func(llm.Chunk, error) bool) {
		for c, err := range f.Back.Stream(op, sent, t, frames) {
			if err != nil || !yield(c, nil) {
				return
			}
		}
	}
}

// The pipeline itself knows that an answer without its terminal mark broke
// off, whatever a dialect says.
func TestNoDialectCanForgetThatAnAnswerBrokeOff(t *testing.T) {
	with := setting{adjust: func(c *gateway.Config) { c.Backs = []dialect.Back{forgetful{}} }}
	play(t, with, func(t *testing.T, s *scene) {
		s.p.Model("cut", fakeprovider.Answer{Cut: &fakeprovider.Cut{After: 700}})
		s.wantFailedStream(s.Must(chat, ask("cut", true)).Body, "answer_truncated")
		wantRow(t, s.only(), "truncated", ledger.UsageEstimated)
	})
}

// cutters make the calls.
const cutters = 16

// cuts are all cuts of one answer in one way.
type cuts struct {
	t      *testing.T
	r      *rig.Rig
	p      *fakeprovider.Provider
	series int
	answer fakeprovider.Answer
	how    fakeprovider.CutHow
	step   int
	stream bool
	ref    string // what the caller sees of the uncut answer
	size   int    // what the provider sends of it

	mu      sync.Mutex
	answers map[int]rig.Answer // by the number of bytes
}

// uncut is the model of the whole answer. The others' names are as long, for
// they are part of each answer.
const uncut = "cut-00-0000"

func (c *cuts) model(n int) string { return fmt.Sprintf("cut-%02d-%04d", c.series, n) }

func (c *cuts) run() {
	c.answers = map[int]rig.Answer{}
	todo := make(chan int)
	var wg sync.WaitGroup
	for range cutters {
		wg.Go(func() {
			for n := range todo {
				c.call(n)
			}
		})
	}
	for n := 0; n < c.size; n += c.step {
		todo <- n
	}
	todo <- c.size
	close(todo)
	wg.Wait()
	rows := map[string]ledger.Row{}
	for _, row := range c.r.Settled() {
		rows[row.CallID] = row
	}
	intact := 0
	for _, n := range slices.Sorted(maps.Keys(c.answers)) {
		a := c.answers[n]
		row, ok := rows[a.CallID()]
		if !ok || row.RequestedModel != "p/"+c.model(n) {
			c.t.Fatalf("after %d bytes: no row %q", n, a.CallID())
		}
		if c.check(n, a, row) {
			intact++
		}
	}
	// All bytes, and all but the line's end behind a whole body: no more.
	if intact == 0 || intact > 2 || c.stream && intact > 1 {
		c.t.Errorf("%d of %d cuts left a whole answer", intact, len(c.answers))
	}
	c.t.Logf("%d cuts", len(c.answers))
}

func (c *cuts) call(n int) {
	answer := c.answer
	answer.Cut = &fakeprovider.Cut{After: n, How: c.how}
	c.p.Model(c.model(n), answer)
	a, err := c.r.Do(c.t.Context(), chat, ask(c.model(n), c.stream))
	if err != nil {
		c.t.Errorf("after %d bytes: the caller's own connection broke: %v", n, err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers[n] = a
}

// intact compares with the uncut answer. A JSON value is complete without the
// line's end behind it; an event is not.
func (c *cuts) intact(body string) bool {
	return body == c.ref || !c.stream && body == strings.TrimSuffix(c.ref, "\n")
}

// check reports whether the answer is whole, and fails the test when it only
// looks so, when an error is not told, or when the row does not agree.
func (c *cuts) check(n int, a rig.Answer, row ledger.Row) bool {
	s := &scene{Rig: c.r, t: c.t}
	if a.Status == http.StatusOK && c.intact(strings.ReplaceAll(a.Body, c.model(n), uncut)) {
		if row.Outcome != "ok" || row.UsageSource != ledger.UsageProvider {
			c.t.Errorf("after %d bytes: a whole answer, and a row that is %s by %s", n, row.Outcome, row.UsageSource)
		}
		return true
	}
	code := map[string]string{"truncated": "answer_truncated", "upstream_error": "provider_error"}[row.Outcome]
	switch {
	case code == "":
		c.t.Errorf("after %d bytes: the row is %s: %s", n, row.Outcome, a.Body)
	case a.Status == http.StatusOK:
		s.wantFailedStream(a.Body, code)
		if row.UsageSource == ledger.UsageNone {
			c.t.Errorf("after %d bytes: content was sent and is not billed", n)
		}
	default:
		s.wantError(a, http.StatusBadGateway, code)
		if row.UsageSource != ledger.UsageNone {
			c.t.Errorf("after %d bytes: nothing was sent, and is billed by %s", n, row.UsageSource)
		}
	}
	return false
}
