package openaichat

import (
	"fmt"

	"weir/lib/dialect"
	"weir/lib/dialect/history"
	"weir/lib/dialect/schema"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

const opEncode = "openaichat.Encode"

// maxName is the most letters that a tool's name may have for OpenAI's models.
const maxName = 64

// Encode writes a request of another dialect anew. What Chat Completions
// cannot say is a Loss, or an error that names the member where leaving it out
// would change the meaning or the target is strict.
func (Back) Encode(op llm.Op, req *llm.Request, t dialect.Target) (llm.Outbound, []llm.Loss, error) {
	e := &encoder{Losses: dialect.NewLosses(opEncode, req, t), target: t}
	e.Native()
	e.w.Open('{').Name("model").Str(t.Model)
	out := outbound(t, req.Facts.Stream)
	switch b := req.Body.(type) {
	case *llm.Chat:
		e.chat(b, req.Facts)
		if req.Facts.Stream {
			e.w.Name("stream").Bool(true)
			if !t.Quirks.NoStreamUsage {
				e.w.Name("stream_options").Open('{').Name("include_usage").Bool(true).Close('}')
				out.Withheld = []string{withheldUsage}
			}
		}
		e.extras(b.Extra)
	case *llm.Embed:
		e.embed(b, req.Facts)
		e.extras(b.Extra)
	case nil:
		return llm.Outbound{}, nil, fault.Wrap(fault.Internal, opEncode, fmt.Errorf("no body for %q", op))
	}
	if err := e.Err(); err != nil {
		return llm.Outbound{}, nil, err
	}
	out.Body = e.w.Close('}').Take()
	return out, e.All(), nil
}

// encoder writes one request.
type encoder struct {
	*dialect.Losses
	w      rawjson.Builder
	target dialect.Target
}

func (e *encoder) chat(c *llm.Chat, f llm.Facts) {
	e.Choice(c)
	e.spoken(c)
	e.w.Name("messages").Open('[')
	e.system(c.System)
	e.turns(c.Turns)
	e.ending(c.Turns)
	e.w.Close(']')
	e.tools(c.Tools)
	e.choice(c.Choice, len(c.Tools) > 0)
	e.params(c.Params, len(c.Tools) > 0)
	if f.EndUser != "" {
		e.w.Name("user").Str(f.EndUser)
	}
}

func (e *encoder) tools(tools []llm.Tool) {
	if len(tools) == 0 {
		return
	}
	e.w.Name("tools").Open('[')
	names := history.Rules{MaxName: maxName}
	for _, t := range tools {
		if thinkerOf(e.target.Model).known && !names.IsName(t.Name) {
			e.Refuse(t.At+".name", names.BadName(t.Name))
		}
		e.w.Open('{').Name("type").Str("function").Name("function").Open('{').Name("name").Str(t.Name)
		if t.Description != "" {
			e.w.Name("description").Str(t.Description)
		}
		if len(t.Schema) > 0 {
			e.w.Name("parameters").Raw(schema.Input(t, e.Losses))
		}
		e.strict(t.Strict)
		e.w.Close('}')
		e.cacheControl(t.Cache)
		e.w.Close('}')
	}
	e.w.Close(']')
}

func (e *encoder) strict(s *bool) {
	if s != nil {
		e.w.Name("strict").Bool(*s)
	}
}

// cacheControl writes a cache mark as a member of the open object, or notes
// that the vendor takes none.
func (e *encoder) cacheControl(c *llm.CachePoint) {
	switch {
	case c == nil:
	case e.target.Quirks.TakesCacheControl:
		e.w.Name("cache_control").Open('{').Name("type").Str("ephemeral")
		if c.TTL != "" {
			e.w.Name("ttl").Str(c.TTL)
		}
		e.w.Close('}')
	default:
		e.Drop(c.Field(), "this provider caches prompts by itself or not at all")
	}
}

// choice writes tool_choice, which OpenAI refuses without tools.
func (e *encoder) choice(c llm.ToolChoice, tools bool) {
	switch c.Mode {
	case "", "auto", "none":
		if tools && c.Mode != "" {
			e.w.Name("tool_choice").Str(c.Mode)
		}
	case "tool":
		if !tools {
			e.Refuse("tool_choice", "it asks for a tool and there is none")
		}
		e.w.Name("tool_choice").Open('{').Name("type").Str("function").
			Name("function").Open('{').Name("name").Str(c.Name).Close('}').Close('}')
	default:
		if !tools {
			e.Refuse("tool_choice", "it asks for a tool and there is none")
		}
		e.w.Name("tool_choice").Str(c.Mode)
	}
	if c.Parallel != nil && tools {
		e.w.Name("parallel_tool_calls").Bool(*c.Parallel)
	}
}

// embed writes an Embeddings request.
func (e *encoder) embed(b *llm.Embed, f llm.Facts) {
	e.w.Name("input")
	if len(b.Inputs) > 0 {
		e.w.Open('[')
		for _, s := range b.Inputs {
			e.w.Str(s)
		}
		e.w.Close(']')
	} else {
		e.w.Open('[')
		for _, ids := range b.Tokens {
			e.w.Open('[')
			for _, id := range ids {
				e.w.Int(id)
			}
			e.w.Close(']')
		}
		e.w.Close(']')
	}
	if b.Dimensions > 0 {
		e.w.Name("dimensions").Int(b.Dimensions)
	}
	if b.Encoding != "" {
		e.w.Name("encoding_format").Str(b.Encoding)
	}
	if f.EndUser != "" {
		e.w.Name("user").Str(f.EndUser)
	}
}

// extras writes this dialect's own members back and accounts for others'.
func (e *encoder) extras(all []llm.Extra) {
	for _, x := range all {
		if x.Dialect == Name && topLevel(x.Path) {
			e.w.Name(x.Path).Raw(x.Raw)
		} else {
			e.Extra(x)
		}
	}
}

func topLevel(path string) bool {
	for _, c := range path {
		if c == '.' || c == '[' {
			return false
		}
	}
	return path != ""
}
