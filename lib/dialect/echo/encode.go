package echo

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"weir/lib/dialect"
	"weir/lib/fault"
	"weir/lib/llm"
)

const opEncode = "echo.Encode"

// Encode writes the part of a request that echo answers to. What has no
// influence on an echo (the system prompt, sampling, tools that need not be
// called) is no loss: the answer is what it would be with it. What asks for
// another answer is a Loss, or an error where the target is strict or leaving
// it out would change the meaning.
func (Back) Encode(op llm.Op, req *llm.Request, t dialect.Target) (llm.Outbound, []llm.Loss, error) {
	e := &encoder{Losses: dialect.NewLosses(opEncode, req, t), body: Request{Model: t.Model, InputTokens: req.Facts.InputTokens}}
	e.Native()
	switch b := req.Body.(type) {
	case *llm.Chat:
		e.chat(b, t)
		e.extras(b.Extra)
	case *llm.Embed:
		e.embed(b)
		e.extras(b.Extra)
	case nil:
		return llm.Outbound{}, nil, fault.Wrap(fault.Internal, opEncode, fmt.Errorf("no body for %q", op))
	}
	if err := cmp.Or(e.err, e.Err()); err != nil {
		return llm.Outbound{}, nil, err
	}
	body, err := json.Marshal(e.body)
	if err != nil {
		return llm.Outbound{}, nil, fault.Wrap(fault.Internal, opEncode, err)
	}
	return llm.Outbound{Path: t.Path, Body: body}, e.All(), nil
}

// encoder writes one request.
type encoder struct {
	*dialect.Losses
	body Request
	err  error // of our own
}

func (e *encoder) extras(all []llm.Extra) {
	for _, x := range all {
		e.Extra(x)
	}
}

func (e *encoder) chat(c *llm.Chat, t dialect.Target) {
	e.body.Text = asked(c)
	e.body.Tool = e.forced(c)
	e.body.Stop = c.Params.Stop
	if c.Params.MaxTokens != nil {
		e.body.MaxTokens = *c.Params.MaxTokens
	}
	if t.MaxOutput > 0 && (e.body.MaxTokens == 0 || e.body.MaxTokens > t.MaxOutput) {
		e.body.MaxTokens = t.MaxOutput
	}
	if f := c.Params.Format; f != nil && f.Type != "" && f.Type != "text" {
		e.Drop(llm.FieldFormat, "it answers with the text that it was given")
	}
	if r := c.Params.Reasoning; r != nil && !r.Off {
		e.Drop(llm.FieldReasoning, "it does not think")
	}
	if tier := c.Params.ServiceTier; tier != "" && tier != "auto" && tier != "default" {
		e.Drop("service_tier", "it has no tiers")
	}
}

// asked is the text of the newest user turn. What is no text is named.
func asked(c *llm.Chat) string {
	for _, t := range slices.Backward(c.Turns) {
		if t.Role != llm.User {
			continue
		}
		if text := spoken(t.Blocks); text != "" {
			return text
		}
	}
	return "(nothing was said)"
}

func spoken(blocks []llm.Block) string {
	var parts []string
	for _, b := range blocks {
		switch b := b.(type) {
		case *llm.Text:
			parts = append(parts, b.Text)
		case *llm.Media:
			parts = append(parts, "["+b.Kind+"]")
		case *llm.ToolResult:
			parts = append(parts, spoken(b.Content))
		case *llm.Opaque:
			parts = append(parts, "["+b.Type+"]")
		case *llm.Thinking, *llm.ToolUse:
		}
	}
	return strings.Join(parts, "\n")
}

// forced is the tool that the caller insists on; none when it is the model's
// choice, for echo has no reason to choose one.
func (e *encoder) forced(c *llm.Chat) string {
	switch c.Choice.Mode {
	case "tool":
		return c.Choice.Name
	case "required":
		if len(c.Tools) > 0 {
			return c.Tools[0].Name
		}
		e.Refuse("tool_choice", "it asks for a tool and there is none")
	}
	return ""
}

func (e *encoder) embed(b *llm.Embed) {
	if b.Dimensions < 0 || b.Dimensions > MaxDimensions {
		e.Refuse("dimensions", fmt.Sprintf("its vectors have 1 to %d dimensions", MaxDimensions))
		return
	}
	e.body.Inputs, e.body.Dimensions, e.body.Base64 = b.Inputs, b.Dimensions, b.Encoding == "base64"
	for _, ids := range b.Tokens {
		text, err := json.Marshal(ids)
		if err != nil {
			e.err = fault.Wrap(fault.Internal, opEncode, err)
			return
		}
		e.body.Inputs = append(e.body.Inputs, string(text))
	}
}
