package sdktest_test

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/lib/accounting/ledger"
	"weir/lib/llm"
	"weir/lib/testkit/fakebedrock"
	"weir/lib/testkit/rig"
)

// fates are what becomes of something by lane (chat/openai): carried; loss and
// part with the members that are named; 400 with the member; vendor with the
// words by which the vendor itself refuses what is relayed. A pattern may
// have stars, the first one that matches counts, and what none matches is
// carried.
type fates []fated

type fated struct{ lane, fate string }

func (f fates) of(c *cell) (kind string, members []string) {
	for _, one := range f {
		if one.lane == c.lane() || matches(one.lane, c.lane()) {
			words := strings.Fields(one.fate)
			return words[0], words[1:]
		}
	}
	return "carried", nil
}

// ask asks once.
func (c *cell) ask(w wish) reply {
	c.Helper()
	via := c.via
	if w.strict {
		via, c.tap = c.dial(http.Header{"X-Weir-Strict": {"true"}}, 0)
	}
	return via.ask(c.Context(), c.to.provider+"/"+c.model, w, c.streamed, nil)
}

// answers queues the target's next answers.
func (c *cell) answers(all ...script) { c.script(c.to, c.who.front, c.model, all...) }

// good asks and holds the answer, the provider's request and the row to what
// they must be.
func (c *cell) good(w wish, s script, f fates) reply {
	c.Helper()
	kind, members := f.of(c)
	switch kind {
	case "400":
		r := c.ask(w)
		c.refused(r, members[0])
		return r
	case "vendor":
		c.answers(s) // which it does not come to
		r := c.ask(w)
		c.refusedThere(r, strings.Join(members, " "))
		return r
	}
	before := len(c.asked())
	c.answers(s)
	r := c.ask(w)
	if r.err != nil {
		c.Fatalf("%v; sent %s", r.err, c.last())
	}
	c.says(r, s)
	asked := c.asked()[before:]
	if len(asked) != 1 || asked[0].refused != nil {
		c.Errorf("the provider was asked %d times, and refused %v: %s", len(asked), asked[0].refused, asked[0].body)
	}
	c.goesBy(asked[0])
	c.headers(r, members)
	c.booked(r, s, 1)
	return r
}

// goesBy holds a request to the operation that it must go by, and to whose
// credential: Claude answers Anthropic's callers by InvokeModel, all else on
// Bedrock goes by Converse.
func (c *cell) goesBy(r request) {
	c.Helper()
	ops := map[string][2]string{
		"chat": {"/v1/chat/completions", "/v1/chat/completions"}, "messages": {"/v1/messages", "/v1/messages"},
		"converse": {fakebedrock.Converse, fakebedrock.ConverseStream}, "invoke": {fakebedrock.Invoke, fakebedrock.InvokeStream},
	}
	kind := map[string]string{"openai": "chat", "deepseek": "chat", "anthropic": "messages", "bedrock": "converse"}[c.to.provider]
	if c.lane() == "messages/bedrock-claude" {
		kind = "invoke"
	}
	i := 0
	if c.streamed {
		i = 1
	}
	if want := ops[kind][i]; r.op != want {
		c.Errorf("asked by %s, want %s", r.op, want)
	}
	if auth := r.header.Get("Authorization"); c.to.provider == "bedrock" && (!strings.Contains(auth, "/eu-west-1/bedrock/aws4_request") || strings.Contains(auth, rig.Secret)) {
		c.Errorf("authorization %q", auth)
	}
	for name, values := range r.header {
		if strings.Contains(strings.Join(values, " "), c.Key) || strings.HasPrefix(name, "X-Weir") {
			c.Errorf("the provider was sent %s: %q", name, values)
		}
	}
}

// asked is what the target was sent by this cell.
func (c *cell) asked() []request { return c.sent(c.to, c.model) }

// last is the newest of it, as canonical JSON.
func (c *cell) last() string {
	all := c.asked()
	if len(all) == 0 {
		return ""
	}
	return canonical(all[len(all)-1].body)
}

// says compares an answer with what the target said.
func (c *cell) says(r reply, s script) {
	c.Helper()
	text, refusal := s.text, s.refusal
	if c.to.provider != "openai" && c.to.provider != "deepseek" || c.who.front != "chat" {
		text, refusal = text+refusal, "" // its own place is OpenAI's alone
	}
	thinking := s.thinking
	if c.to.provider == "openai" {
		thinking = "" // it does not show it
	}
	end := s.ending()
	if end == "sequence" && (c.to.provider == "openai" || c.to.provider == "deepseek") {
		end = "" // it does not tell that from an end
	}
	want := ends[c.who.front][end]
	switch {
	case end == "unknown" && c.relayed():
		want = "tired" // it goes on as it came
	case end == "refusal" && c.relayed() && c.who.front == "chat":
		want = "stop"
	}
	for what, pair := range map[string][2]string{
		"text": {text, r.text}, "refusal": {refusal, r.refusal}, "thinking": {thinking, r.thinking},
		"end": {want, r.end},
	} {
		if pair[0] != pair[1] {
			c.Errorf("%s: the SDK has %q, the provider said %q", what, pair[1], pair[0])
		}
	}
	if len(r.calls) != len(s.calls) {
		c.Fatalf("calls %+v, want %+v", r.calls, s.calls)
	}
	for i, want := range s.calls {
		got := r.calls[i]
		if want.Arguments == "" && (got.Arguments != "" || !c.relayed()) {
			want.Arguments = "{}"
		}
		if got.ID == "" || want.ID != "" && got.ID != want.ID || got.Name != want.Name || canonical([]byte(got.Arguments)) != canonical([]byte(want.Arguments)) {
			c.Errorf("call %d: %+v, want %+v", i, got, want)
		}
	}
	c.reports(r, c.spent(s))
	if r.id == "" || r.model == "" {
		c.Errorf("id %q, model %q", r.id, r.model)
	}
}

// spent is what the target reports of an answer. Bedrock does not say how much
// of the output was thinking.
func (c *cell) spent(s script) spent {
	u := s.spent()
	if c.to.provider == "bedrock" {
		u.Reasoning = 0
	}
	return u
}

// reports compares the usage that the SDK shows with the provider's.
func (c *cell) reports(r reply, u spent) {
	c.Helper()
	want := reported{
		Input: u.Input + u.CacheRead + u.CacheWrite5m + u.CacheWrite1h, Cached: u.CacheRead, Written: u.CacheWrite5m + u.CacheWrite1h,
		Output: u.Output, Reasoning: u.Reasoning,
	}
	if diff := cmp.Diff(want, r.usage); diff != "" {
		c.Errorf("usage (-provider +SDK):\n%s", diff)
	}
}

// headers are those of a good answer, after one attempt; lost are the members
// that it names.
func (c *cell) headers(r reply, lost []string) {
	c.Helper()
	h := r.header
	id := h.Get("X-Weir-Call-Id")
	if id == "" || h.Get("X-Request-Id") != id || h.Get("Request-Id") != id {
		c.Errorf("ids %q, %q and %q", id, h.Get("X-Request-Id"), h.Get("Request-Id"))
	}
	if h.Get("X-Weir-Provider") != c.to.provider || h.Get("X-Weir-Model") != c.model || h.Get("X-Weir-Attempts") != "1" {
		c.Errorf("from %q, model %q, %q attempts", h.Get("X-Weir-Provider"), h.Get("X-Weir-Model"), h.Get("X-Weir-Attempts"))
	}
	if priced := h.Get("X-Weir-Cost-Usd") != ""; priced == c.streamed {
		c.Errorf("cost %q", h.Get("X-Weir-Cost-Usd"))
	}
	if got := losses(h); !slices.Equal(got, slices.Sorted(slices.Values(lost))) {
		c.Errorf("lost %q, want %q; sent %s", got, lost, c.last())
	}
}

// losses are the members that a head says were lost, sorted.
func losses(h http.Header) []string {
	var all []string
	for field := range strings.SplitSeq(h.Get("X-Weir-Loss"), ";") {
		if field = strings.TrimSpace(field); field != "" {
			all = append(all, field)
		}
	}
	slices.Sort(all)
	return all
}

// row is the row of an answer.
func (c *cell) row(r reply) ledger.Row {
	c.Helper()
	return c.Row(r.header.Get("X-Weir-Call-Id"))
}

// closed waits until the row of a call is closed, which the end of a call that
// was left does not wait for.
func (c *cell) closed(id string) ledger.Row {
	c.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		row := c.Row(id)
		if row.State != ledger.Open {
			return row
		}
		if time.Now().After(deadline) {
			c.Fatalf("the row of %s is still open", id)
		}
		time.Sleep(5 * time.Millisecond) //nolint:forbidigo // rows are settled by other goroutines of the gateway, which tell nobody
	}
}

// booked holds the row of a whole answer to what the provider reported.
func (c *cell) booked(r reply, s script, attempts int) {
	c.Helper()
	row, u := c.row(r), c.spent(s)
	if row.Outcome != "ok" || row.UsageSource != ledger.UsageProvider || row.Stream != c.streamed || row.Provider != c.to.provider || row.Model != c.model || len(row.Attempts) != attempts || row.UpstreamRequestID == "" {
		c.Errorf("row %s of %s/%s, usage from %s, stream %v, attempts %+v, %q", row.Outcome, row.Provider, row.Model, row.UsageSource, row.Stream, row.Attempts, row.UpstreamRequestID)
	}
	got := spent{row.Usage.Input, row.Usage.CacheRead, row.Usage.CacheWrite5m, row.Usage.CacheWrite1h, row.Usage.Output, row.Usage.Reasoning}
	if diff := cmp.Diff(u, got); diff != "" {
		c.Errorf("usage (-provider +row):\n%s", diff)
	}
	const nano = 1000 // of a dollar per million
	cost := (u.Input*3000 + u.Output*15000 + u.CacheRead*300 + u.CacheWrite5m*3750 + u.CacheWrite1h*6000) * nano / 1000
	if row.Usage.Tier == "" && int64(row.Cost) != cost {
		c.Errorf("cost %s, want %d", row.Cost, cost)
	}
	for _, field := range losses(r.header) {
		if !slices.ContainsFunc(row.Losses, func(l llm.Loss) bool { return l.Field == field && l.Why != "" }) {
			c.Errorf("the row does not tell of %s: %+v", field, row.Losses)
		}
	}
}

// refused holds a failure to a 400 that names a member, before anybody was
// asked.
func (c *cell) refused(r reply, member string) {
	c.Helper()
	p := c.failed(r, http.StatusBadRequest)
	if p.kind != invalid || c.who.front == "chat" && p.param != member || !strings.Contains(p.message, member) || p.header.Get("X-Should-Retry") != "false" {
		c.Errorf("%+v, want %q named", p, member)
	}
	if n := len(c.asked()); n != 0 {
		c.Errorf("the provider was asked %d times", n)
	}
}

// refusedThere holds a failure to the vendor's own refusal of a relayed request.
func (c *cell) refusedThere(r reply, words string) {
	c.Helper()
	p := c.failed(r, http.StatusBadRequest)
	asked := c.asked()
	if p.kind != invalid || !strings.Contains(p.message, words) || p.header.Get("X-Should-Retry") == "true" || len(asked) == 0 || asked[len(asked)-1].refused == nil {
		c.Errorf("asked %d times, %+v, want %q", len(asked), p, words)
	}
	if row := c.closed(r.header.Get("X-Weir-Call-Id")); row.Outcome != "client_error" || row.Cost != 0 {
		c.Errorf("row %s, cost %s", row.Outcome, row.Cost)
	}
}

// failed holds a failure to the SDK's own type of error, with a status.
func (c *cell) failed(r reply, status int) problem {
	c.Helper()
	if r.problem == nil || r.problem.status != status || r.problem.message == "" {
		c.Fatalf("%v (%T), %+v; want status %d; sent %s", r.err, r.err, r.problem, status, c.last())
	}
	return *r.problem
}
