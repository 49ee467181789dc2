package fakeprovider

import (
	"net/http"
	"slices"
)

// step is one event of a stream.
type step struct {
	choice int
	delta  deltaShape
	probs  *logprobsShape
	finish string
	piece  bool // has content, and counts for delays, stalls and errors
	tokens int64
}

// steps are all events of a stream but the last ones: the role of each choice,
// then the pieces of all choices in turn, then the finish reasons.
func (c completion) steps(interleave bool) []step {
	var all []step
	empty := ""
	turns := make([][]step, len(c.choices))
	longest := 0
	for i, ch := range c.choices {
		all = append(all, step{choice: i, delta: deltaShape{Role: "assistant", Content: &empty}})
		turns[i] = ch.pieces(i, interleave)
		longest = max(longest, len(turns[i]))
	}
	for k := range longest {
		for _, turn := range turns {
			if k < len(turn) {
				all = append(all, turn[k])
			}
		}
	}
	for i, ch := range c.choices {
		all = append(all, step{choice: i, finish: ch.finish})
	}
	return all
}

// pieces are the content events of choice i.
func (ch choice) pieces(i int, interleave bool) []step {
	var all []step
	for _, s := range ch.reasoning {
		all = append(all, step{choice: i, piece: true, tokens: 1, delta: deltaShape{Reasoning: s}})
	}
	for _, s := range ch.text {
		all = append(all, step{choice: i, piece: true, tokens: 1, delta: deltaShape{Content: &s}, probs: ch.probabilities([]string{s}, nil)})
	}
	for _, s := range ch.refusal {
		all = append(all, step{choice: i, piece: true, tokens: 1, delta: deltaShape{Refusal: &s}, probs: ch.probabilities(nil, []string{s})})
	}
	turns := make([][]step, len(ch.calls))
	for k, call := range ch.calls {
		turns[k] = call.pieces(i, k)
	}
	if !interleave {
		return append(all, slices.Concat(turns...)...)
	}
	for len(turns) > 0 {
		for k := range turns {
			all = append(all, turns[k][0])
			turns[k] = turns[k][1:]
		}
		turns = slices.DeleteFunc(turns, func(t []step) bool { return len(t) == 0 })
	}
	return all
}

// pieces are the events of call number k: its id and name once, then its
// arguments.
func (call toolCall) pieces(i, k int) []step {
	all := []step{{choice: i, piece: true, tokens: 2, delta: deltaShape{ToolCalls: []callShape{
		{Index: &k, ID: call.id, Type: "function", Function: functionShape{Name: call.name}},
	}}}}
	for _, s := range call.arguments {
		all = append(all, step{choice: i, piece: true, tokens: 1, delta: deltaShape{ToolCalls: []callShape{
			{Index: &k, Function: functionShape{Arguments: s}},
		}}})
	}
	return all
}

// stream writes c as events.
func (o *out) stream(c completion, a Answer, asked bool) {
	o.head(http.StatusOK, "text/event-stream; charset=utf-8", -1)
	e := events{o: o, c: c, a: a, asked: asked && a.Report != ReportNever}
	for _, s := range c.steps(a.Interleave) {
		e.pause(s)
		if !e.send(s) {
			return
		}
		if e.pieces == a.ErrorAfter && a.ErrorAfter > 0 {
			failure := a.Error
			if failure == nil {
				failure = Failure(http.StatusInternalServerError)
			}
			e.data(mustMarshal(failure))
			return
		}
		if e.pieces == a.StallAfter && a.StallAfter > 0 && !o.p.wait(o.ctx, Forever) {
			panic(http.ErrAbortHandler)
		}
	}
	if a.Report == ReportAlways || a.Report == ReportAsked && asked {
		chunk := e.chunk()
		chunk.Usage = c.usage.shape()
		if !e.data(mustMarshal(chunk)) {
			return
		}
		o.report(c.usage)
	}
	if !a.NoDone {
		e.data([]byte("[DONE]"))
	}
}

// events is the state of a stream.
type events struct {
	o      *out
	c      completion
	a      Answer
	asked  bool
	pieces int   // sent so far
	tokens int64 // in them
}

// pause waits as the answer's delays say; a caller that went meanwhile, or a
// closed provider, ends the connection.
func (e *events) pause(s step) {
	if !s.piece {
		return
	}
	delay := e.a.PieceDelay
	if e.pieces == 0 {
		delay = e.a.RoleDelay
	}
	if !e.o.p.wait(e.o.ctx, delay) {
		panic(http.ErrAbortHandler)
	}
}

// send writes one step.
func (e *events) send(s step) bool {
	chunk := e.chunk()
	chunk.Choices = []chunkChoice{{Index: s.choice, Delta: s.delta, Logprobs: s.probs}}
	if s.finish != "" {
		chunk.Choices[0].Finish = &s.finish
	}
	if s.piece {
		e.pieces++
		e.tokens += s.tokens
	}
	var usage *Tokens
	switch last := s.finish != "" && s.choice == len(e.c.choices)-1; {
	case last && (e.a.Report == ReportOnFinish || e.a.Report == ReportOnEvery):
		usage = &e.c.usage
	case e.a.Report == ReportOnEvery:
		sofar := e.c.usage
		sofar.Completion = min(sofar.Completion, e.tokens)
		sofar.Reasoning, sofar.AudioOut = min(sofar.Reasoning, sofar.Completion), 0
		usage = &sofar
	}
	switch {
	case usage != nil:
		chunk.Usage = usage.shape()
	case e.asked:
		chunk.Usage = nullUsage{}
	}
	if !e.data(mustMarshal(chunk)) {
		return false
	}
	if usage != nil {
		e.o.report(*usage)
	}
	return true
}

func (e *events) chunk() chunkShape {
	return chunkShape{ID: e.c.id, Object: "chat.completion.chunk", Created: created, Model: e.c.model, Tier: e.c.tier, Fingerprint: "fp_fake", Choices: []chunkChoice{}}
}

// data writes one event, in one piece.
func (e *events) data(payload []byte) bool {
	var b []byte
	if e.a.Comments {
		b = append(b, ": PROCESSING\n\n"...)
	}
	b = append(b, "data: "...)
	b = append(b, payload...)
	return e.o.write(append(b, "\n\n"...))
}
