package openaichat

import (
	"weir/lib/dialect"
	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

// Answer returns the encoder for req's answer: chunks for a streamed one, one
// body for a whole one, vectors for embeddings.
func (Front) Answer(req *llm.Request, h dialect.Head) dialect.Encoder {
	a := answer{
		id:      "chatcmpl-" + h.CallID,
		model:   h.Model,
		created: unix(h.Created),
		blocks:  map[int]*outBlock{},
	}
	if e, ok := req.Body.(*llm.Embed); ok {
		return &vectorEncoder{answer: a, encoding: e.Encoding}
	}
	if !req.Facts.Stream {
		return &bodyEncoder{answer: a}
	}
	c, ok := req.Body.(*llm.Chat)
	return &chunkEncoder{answer: a, usage: ok && c.Params.StreamUsage}
}

// answer is what both encoders of a chat answer keep.
type answer struct {
	id      string
	model   string
	created int64
	used    *llm.Usage
	blocks  map[int]*outBlock // by the hub's index
	order   []*outBlock
	calls   int // tool calls opened
	finish  string
	losses  dialect.Told
}

// outBlock is one block of the answer while it is written.
type outBlock struct {
	index  int // the hub's
	block  llm.Block
	call   int    // a tool call's place among the calls, from 0
	text   []byte // what came by deltas
	seal   *llm.Seal
	sent   bool // a tool call's arguments have begun
	closed bool
}

// started takes over what the provider calls the answer and the model.
func (a *answer) started(ev llm.Started) {
	if ev.ID != "" {
		a.id = ev.ID
	}
	if ev.Model != "" {
		a.model = ev.Model
	}
}

// opened notes a block; the loss says what the dialect has no place for.
func (a *answer) opened(ev llm.Opened) (*outBlock, []llm.Loss) {
	o := &outBlock{index: ev.Index, block: ev.Block}
	a.blocks[ev.Index] = o
	a.order = append(a.order, o)
	switch b := ev.Block.(type) {
	case *llm.ToolUse:
		o.call = a.calls
		a.calls++
		if b.Seal != nil {
			return o, a.losses.Lose("tool_calls.signature", "Chat Completions has no place for a signature on a tool call")
		}
	case *llm.Text:
		if len(b.Cites) > 0 {
			return o, a.cite()
		}
	case *llm.Thinking:
		o.seal = b.Seal
	case *llm.Media:
		return o, a.losses.Lose("content."+b.Kind, noAnswerPlace)
	case *llm.Opaque:
		return o, a.losses.Lose("content."+b.Type, noAnswerPlace)
	case *llm.ToolResult:
		return o, a.losses.Lose("content.tool_result", noAnswerPlace)
	}
	return o, nil
}

const noAnswerPlace = "Chat Completions has no place for it in an answer"

func (a *answer) cite() []llm.Loss {
	return a.losses.Lose("citations", "Chat Completions cannot carry another dialect's citations")
}

// beside notes that there are more choices than the hub's one.
func (a *answer) beside() []llm.Loss {
	return a.losses.Lose("choices", "a translated answer has one choice")
}

// count notes the usage, and what usage cannot say here.
func (a *answer) count(u *llm.Usage) (loss []llm.Loss) {
	a.used = u
	if u.CacheWrite1h > 0 {
		loss = a.losses.Lose("usage.prompt_tokens_details.cache_write_tokens", "Chat Completions does not tell what was written to the cache for an hour from what was for five minutes")
	}
	if len(u.Units) > 0 {
		loss = append(loss, a.losses.Lose("usage.server_tool_use", "Chat Completions does not count what the provider's tools did")...)
	}
	return loss
}

func (a *answer) sealed(ev llm.Sealed) []llm.Loss {
	o := a.blocks[ev.Index]
	if o == nil {
		return nil
	}
	if _, ok := o.block.(*llm.Thinking); ok {
		o.seal = &ev.Seal
		return nil
	}
	return a.losses.Lose("signature", "Chat Completions has a place for signatures on thinking only")
}

// stopped translates why the answer ended.
func (a *answer) stopped(ev llm.Stopped) []llm.Loss {
	var loss []llm.Loss
	switch ev.Reason {
	case llm.StopEnd:
		a.finish = "stop"
	case llm.StopSequence:
		a.finish = "stop"
		if ev.Sequence != "" {
			loss = a.losses.Lose("stop_sequence", "Chat Completions does not say which stop sequence was met")
		}
	case llm.StopPause:
		a.finish = "stop"
		loss = a.losses.Lose("finish_reason", "the provider paused its turn, which Chat Completions cannot say")
	case llm.StopLength:
		a.finish = "length"
	case llm.StopContext:
		a.finish = "length"
		loss = a.losses.Lose("finish_reason", "the model's context was full, which Chat Completions does not tell from max_tokens")
	case llm.StopTools:
		a.finish = "tool_calls"
	case llm.StopRefusal, llm.StopFilter:
		a.finish = "content_filter"
	default:
		a.finish = "stop"
	}
	if a.calls > 0 && a.finish == "stop" {
		a.finish = "tool_calls" // agents go on by this word
	}
	return loss
}

// arguments are a tool call's whole input, known when the block ends.
func (o *outBlock) arguments(b *llm.ToolUse) string {
	if len(o.text) > 0 {
		return string(o.text)
	}
	if len(b.Input) > 0 {
		return string(b.Input)
	}
	return "{}"
}

// writeThinkingBlock writes one element of thinking_blocks.
func writeThinkingBlock(w *rawjson.Builder, o *outBlock) {
	t, ok := o.block.(*llm.Thinking)
	if !ok || o.seal == nil {
		return
	}
	w.Open('{').Name("index").Int(int64(o.index))
	if t.Redacted {
		w.Name("type").Str("redacted_thinking").Name("data").Str(o.seal.Data)
	} else {
		w.Name("type").Str("thinking").Name("thinking").Str(t.Text + string(o.text)).Name("signature").Str(o.seal.Data)
	}
	if o.seal.Issuer != "" && o.seal.Issuer != sealIssuer {
		w.Name("issuer").Str(o.seal.Issuer)
	}
	w.Close('}')
}

// writeUsage writes OpenAI's usage, whose prompt_tokens include the cached
// ones and whose completion_tokens include reasoning.
func writeUsage(w *rawjson.Builder, u *llm.Usage) {
	writes := u.CacheWrite5m + u.CacheWrite1h
	in := u.Input + u.CacheRead + writes + u.AudioIn
	out := u.Output + u.AudioOut
	w.Open('{').Name("prompt_tokens").Int(in).Name("completion_tokens").Int(out).Name("total_tokens").Int(in + out)
	w.Name("prompt_tokens_details").Open('{').Name("cached_tokens").Int(u.CacheRead)
	if writes > 0 {
		w.Name("cache_write_tokens").Int(writes)
	}
	w.Name("audio_tokens").Int(u.AudioIn).Close('}')
	w.Name("completion_tokens_details").Open('{').Name("reasoning_tokens").Int(u.Reasoning).Name("audio_tokens").Int(u.AudioOut).Close('}')
	w.Close('}')
}

// frame wraps a payload.
func frame(data []byte) llm.Frame { return llm.Frame{Dialect: Name, Data: data} }
