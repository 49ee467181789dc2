package sdktest_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
)

// openClaude returns a client of Anthropic's API by its SDK.
func openClaude(a access) speaker {
	tap, _ := a.client.Transport.(*wiretap)
	return claudeSpeaker{anthropic.NewClient(option.WithoutEnvironmentDefaults(), option.WithBaseURL(a.url), option.WithAPIKey(a.key),
		option.WithHTTPClient(a.client), option.WithMaxRetries(a.retries)), tap}
}

type claudeSpeaker struct {
	anthropic.Client
	tap *wiretap
}

func (s claudeSpeaker) ask(ctx context.Context, model string, w wish, stream bool, goOn func(int) bool) reply {
	var m anthropic.Message
	var r reply
	var opts []option.RequestOption
	for name, v := range w.extra {
		opts = append(opts, option.WithJSONSet(name, v))
	}
	if stream {
		in := s.Messages.NewStreaming(ctx, w.claude(model), opts...)
		for in.Next() {
			if r.err = m.Accumulate(in.Current()); r.err != nil {
				break
			}
			r.events++
			if goOn != nil && !goOn(r.events) {
				break
			}
		}
		if r.err == nil {
			r.err = in.Err()
		}
		_ = in.Close()
	} else {
		var got *anthropic.Message
		if got, r.err = s.Messages.New(ctx, w.claude(model), opts...); r.err == nil {
			m = *got
		}
	}
	r.read(m)
	if e, ok := errors.AsType[*anthropic.Error](r.err); ok {
		var body struct{ Error struct{ Message string } }
		_ = json.Unmarshal([]byte(e.RawJSON()), &body) // what it lacks is empty
		r.problem = &problem{status: e.StatusCode, kind: string(e.Type()), message: body.Error.Message, raw: e.RawJSON(), header: e.Response.Header}
		if e.StatusCode == http.StatusOK { // inside a stream
			r.problem.status = 0
		}
	}
	r.exchange = s.tap.newest()
	return r
}

func (claudeSpeaker) forged(r reply, seal string) any {
	m, _ := r.native.(anthropic.Message)
	back := m.ToParam()
	back.Content[0].OfThinking.Signature = seal
	return back
}

func (s claudeSpeaker) count(ctx context.Context, model string, w wish) (int64, error) {
	p := w.claude(model)
	var tools []anthropic.MessageCountTokensToolUnionParam
	for _, t := range p.Tools {
		tools = append(tools, anthropic.MessageCountTokensToolUnionParam{OfTool: t.OfTool})
	}
	got, err := s.Messages.CountTokens(ctx, anthropic.MessageCountTokensParams{Model: p.Model, Messages: p.Messages, Tools: tools})
	if err != nil {
		return 0, err
	}
	return got.InputTokens, nil
}

// read takes what the SDK made of an answer.
func (r *reply) read(m anthropic.Message) {
	r.id, r.model, r.tier, r.end, r.sequence = m.ID, m.Model, string(m.Usage.ServiceTier), string(m.StopReason), m.StopSequence
	u := m.Usage
	r.usage = reported{
		Input: u.InputTokens + u.CacheReadInputTokens + u.CacheCreationInputTokens, Cached: u.CacheReadInputTokens,
		Written: u.CacheCreationInputTokens, Output: u.OutputTokens, Reasoning: u.OutputTokensDetails.ThinkingTokens,
	}
	for _, b := range m.Content {
		switch b.Type {
		case "text":
			r.text += b.Text
		case "thinking":
			r.thinking += b.Thinking
			if b.Signature != "" {
				r.seals = append(r.seals, b.Signature)
			}
		case "redacted_thinking":
			r.seals = append(r.seals, b.Data)
		case "tool_use":
			r.calls = append(r.calls, call{ID: b.ID, Type: "function", Name: b.Name, Arguments: string(b.Input)})
		}
	}
	r.native = m
}

// claude is w as a Messages request.
func (w wish) claude(model string) anthropic.MessageNewParams {
	p := anthropic.MessageNewParams{Model: model, MaxTokens: w.most, StopSequences: w.stop}
	if p.MaxTokens == 0 {
		p.MaxTokens = 4096
	}
	for _, s := range w.system {
		p.System = append(p.System, anthropic.TextBlockParam{Text: s.text, CacheControl: claudeMark(s.mark)})
	}
	for _, t := range w.turns {
		p.Messages = append(p.Messages, t.claude())
	}
	for i, t := range w.tools {
		one := anthropic.ToolParam{Name: t.name, InputSchema: anthropic.ToolInputSchemaParam{Properties: t.parameters["properties"]}}
		if t.description != "" {
			one.Description = anthropic.String(t.description)
		}
		if i == len(w.tools)-1 {
			one.CacheControl = claudeMark(w.toolMark)
		}
		p.Tools = append(p.Tools, anthropic.ToolUnionParam{OfTool: &one})
	}
	w.claudeChoice(&p)
	if w.schema != nil {
		p.OutputConfig.Format = anthropic.JSONOutputFormatParam{Schema: w.schema}
	}
	p.OutputConfig.Effort = anthropic.OutputConfigEffort(w.effort)
	if w.budget > 0 {
		p.Thinking = anthropic.ThinkingConfigParamOfEnabled(w.budget)
	}
	if w.temperature != 0 {
		p.Temperature = anthropic.Float(w.temperature)
	}
	if w.topP != 0 {
		p.TopP = anthropic.Float(w.topP)
	}
	if w.topK != 0 {
		p.TopK = anthropic.Int(w.topK)
	}
	p.ServiceTier = anthropic.MessageNewParamsServiceTier(w.tier)
	if w.user != "" {
		p.Metadata.UserID = anthropic.String(w.user)
	}
	return p
}

func (w wish) claudeChoice(p *anthropic.MessageNewParams) {
	switch w.choice {
	case "":
		if w.single {
			p.ToolChoice.OfAuto = &anthropic.ToolChoiceAutoParam{DisableParallelToolUse: anthropic.Bool(true)}
		}
	case "auto":
		p.ToolChoice.OfAuto = &anthropic.ToolChoiceAutoParam{}
	case "none":
		p.ToolChoice.OfNone = &anthropic.ToolChoiceNoneParam{}
	case "required":
		p.ToolChoice.OfAny = &anthropic.ToolChoiceAnyParam{}
	default:
		p.ToolChoice = anthropic.ToolChoiceParamOfTool(w.choice)
	}
}

func (t speech) claude() anthropic.MessageParam {
	if t.answer != nil {
		back, made := t.answer.native.(anthropic.MessageParam)
		if !made {
			m, _ := t.answer.native.(anthropic.Message)
			back = m.ToParam()
		}
		if t.bare {
			back.Content = slices.DeleteFunc(slices.Clone(back.Content), func(b anthropic.ContentBlockParamUnion) bool {
				return b.OfThinking != nil || b.OfRedactedThinking != nil
			})
		}
		return back
	}
	m := anthropic.MessageParam{Role: anthropic.MessageParamRole(t.role)}
	for _, p := range t.pieces {
		m.Content = append(m.Content, p.claude())
	}
	return m
}

func (p piece) claude() anthropic.ContentBlockParamUnion {
	mark := claudeMark(p.mark)
	switch {
	case p.image != "":
		b := anthropic.NewImageBlockBase64("image/png", p.image)
		b.OfImage.CacheControl = mark
		return b
	case p.imageURL != "":
		b := anthropic.NewImageBlock(anthropic.URLImageSourceParam{URL: p.imageURL})
		b.OfImage.CacheControl = mark
		return b
	case p.pdf != "":
		b := anthropic.NewDocumentBlock(anthropic.Base64PDFSourceParam{Data: p.pdf})
		b.OfDocument.Title, b.OfDocument.CacheControl = anthropic.String("level.pdf"), mark
		return b
	case p.note != "":
		b := anthropic.NewDocumentBlock(anthropic.PlainTextSourceParam{Data: p.note})
		b.OfDocument.Title, b.OfDocument.CacheControl = anthropic.String("level.txt"), mark
		return b
	case p.result != nil:
		b := anthropic.NewToolResultBlock(p.result.id, p.result.text, p.result.failed)
		b.OfToolResult.CacheControl = mark
		if p.result.text == "" {
			b.OfToolResult.Content = nil
		}
		if p.result.image != "" {
			image := anthropic.NewImageBlockBase64("image/png", p.result.image).OfImage
			b.OfToolResult.Content = append(b.OfToolResult.Content, anthropic.ToolResultBlockParamContentUnion{OfImage: image})
		}
		return b
	}
	b := anthropic.NewTextBlock(p.text)
	b.OfText.CacheControl = mark
	return b
}

func claudeMark(life string) anthropic.CacheControlEphemeralParam {
	if life == "" {
		return anthropic.CacheControlEphemeralParam{}
	}
	c := anthropic.NewCacheControlEphemeralParam()
	c.TTL = anthropic.CacheControlEphemeralTTL(life)
	return c
}
