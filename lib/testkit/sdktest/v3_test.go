package sdktest_test

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/packages/ssestream"
	"github.com/openai/openai-go/v3/shared"
)

// v3 is openai-go v3.
type v3 struct{ c openai.Client }

func openV3(a access) sdk {
	return v3{openai.NewClient(option.WithBaseURL(a.url), option.WithAPIKey(a.key), option.WithHTTPClient(a.client), option.WithMaxRetries(a.retries), option.WithOrganization("org-of-the-application"))}
}

func (s v3) chat(ctx context.Context, a ask) (answer, error) {
	got, err := s.c.Chat.Completions.New(ctx, s.params(a))
	if err != nil {
		return answer{}, err
	}
	return s.answer(*got), nil
}

func (s v3) stream(ctx context.Context, a ask, goOn func(int) bool) streamed {
	in := s.c.Chat.Completions.NewStreaming(ctx, s.params(a))
	defer in.Close()
	var acc openai.ChatCompletionAccumulator
	var out streamed
	for in.Next() {
		chunk := in.Current()
		out.refused = !acc.AddChunk(chunk) || out.refused
		out.chunks = append(out.chunks, chunk.RawJSON())
		if chunk.JSON.Usage.Valid() {
			out.usages++
			if len(chunk.Choices) == 0 {
				out.bare++
			}
		}
		for _, c := range chunk.Choices {
			out.thinking += unquoted(c.Delta.JSON.ExtraFields["reasoning_content"].Raw())
		}
		if c, ok := acc.JustFinishedToolCall(); ok {
			out.finished = append(out.finished, call{c.ID, "function", c.Name, c.Arguments})
		}
		if goOn != nil && !goOn(len(out.chunks)) {
			break
		}
	}
	out.answer, out.err = s.answer(acc.ChatCompletion), in.Err()
	out.answer.hasUsage = out.usages > 0
	return out
}

func (v3) params(a ask) openai.ChatCompletionNewParams {
	p := openai.ChatCompletionNewParams{Model: a.model, ReasoningEffort: shared.ReasoningEffort(a.effort)}
	if a.messages != nil {
		p.Messages = []openai.ChatCompletionMessageParamUnion{}
	}
	for _, m := range a.messages {
		p.Messages = append(p.Messages, v3Message(m))
	}
	for _, t := range a.tools {
		f := openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{Name: t.name, Description: v3Opt(t.description), Parameters: t.parameters})
		f.OfFunction.SetExtraFields(t.extra)
		p.Tools = append(p.Tools, f)
	}
	switch a.choice {
	case "":
	case "auto", "none", "required":
		p.ToolChoice.OfAuto = openai.String(a.choice)
	default:
		p.ToolChoice = openai.ToolChoiceOptionFunctionToolChoice(openai.ChatCompletionNamedToolChoiceFunctionParam{Name: a.choice})
	}
	if a.schema != nil {
		p.ResponseFormat.OfJSONSchema = &shared.ResponseFormatJSONSchemaParam{JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{
			Name: "reply", Schema: a.schema, Strict: openai.Bool(true),
		}}
	}
	if a.oneTool {
		p.ParallelToolCalls = openai.Bool(false)
	}
	if a.usage {
		p.StreamOptions.IncludeUsage = openai.Bool(true)
	}
	if a.logprobs {
		p.Logprobs = openai.Bool(true)
	}
	p.MaxCompletionTokens, p.N, p.Seed, p.TopLogprobs = v3Opt(a.maxCompletionTokens), v3Opt(a.n), v3Opt(a.seed), v3Opt(a.topLogprobs)
	switch len(a.stop) {
	case 0:
	case 1:
		p.Stop.OfString = openai.String(a.stop[0])
	default:
		p.Stop.OfStringArray = a.stop
	}
	p.SetExtraFields(a.extra)
	return p
}

// v3Opt is v, or absent where it is zero.
func v3Opt[T comparable](v T) param.Opt[T] {
	var zero T
	if v == zero {
		return param.Opt[T]{}
	}
	return param.NewOpt(v)
}

func v3Message(m message) openai.ChatCompletionMessageParamUnion {
	switch {
	case m.answer != nil:
		p := m.answer.native.(openai.ChatCompletion).Choices[0].Message.ToParam() //nolint:errcheck // this adapter's own value
		p.OfAssistant.SetExtraFields(m.extra)
		return p
	case m.result != nil:
		return openai.ToolMessage(m.result.text, m.result.callID)
	case m.role == "system" && m.parts != nil:
		var parts []openai.ChatCompletionContentPartTextParam
		for _, one := range m.parts {
			p := openai.ChatCompletionContentPartTextParam{Text: one.text}
			p.SetExtraFields(one.extra)
			parts = append(parts, p)
		}
		return openai.SystemMessage(parts)
	case m.role == "system":
		return openai.SystemMessage(m.text)
	case m.role == "developer":
		return openai.DeveloperMessage(m.text)
	case m.role == "assistant":
		return openai.AssistantMessage(m.text)
	case m.parts == nil:
		return openai.UserMessage(m.text)
	}
	var parts []openai.ChatCompletionContentPartUnionParam
	for _, one := range m.parts {
		p := openai.TextContentPart(one.text)
		switch {
		case one.image != "":
			p = openai.ImageContentPart(openai.ChatCompletionContentPartImageImageURLParam{URL: one.image, Detail: one.detail})
			p.OfImageURL.SetExtraFields(one.extra)
		case one.file != "":
			p = openai.FileContentPart(openai.ChatCompletionContentPartFileFileParam{FileData: openai.String(one.file), Filename: v3Opt(one.name)})
			p.OfFile.SetExtraFields(one.extra)
		default:
			p.OfText.SetExtraFields(one.extra)
		}
		parts = append(parts, p)
	}
	return openai.UserMessage(parts)
}

func (v3) answer(c openai.ChatCompletion) answer {
	u := c.Usage
	a := answer{
		ID: c.ID, Model: c.Model, Object: string(c.Object), Tier: string(c.ServiceTier), Created: c.Created,
		Fingerprint: c.SystemFingerprint, //nolint:staticcheck // deprecated, and still sent
		Usage: usage{
			u.PromptTokens, u.CompletionTokens, u.TotalTokens, u.PromptTokensDetails.CachedTokens, u.PromptTokensDetails.AudioTokens,
			u.CompletionTokensDetails.AudioTokens, u.CompletionTokensDetails.ReasoningTokens,
		},
		hasUsage: c.JSON.Usage.Valid(), native: c, raw: c.RawJSON(),
	}
	for _, in := range c.Choices {
		out := choice{
			Index: in.Index, Role: string(in.Message.Role), Content: in.Message.Content, Refusal: in.Message.Refusal, Finish: in.FinishReason,
			Thinking: unquoted(in.Message.JSON.ExtraFields["reasoning_content"].Raw()),
		}
		for _, t := range in.Message.ToolCalls {
			out.Calls = append(out.Calls, call{t.ID, t.Type, t.Function.Name, t.Function.Arguments})
		}
		for _, t := range append(in.Logprobs.Content, in.Logprobs.Refusal...) {
			p := prob{Token: t.Token, Logprob: t.Logprob}
			for _, top := range t.TopLogprobs {
				p.Top = append(p.Top, top.Token)
			}
			out.Probs = append(out.Probs, p)
		}
		a.Choices = append(a.Choices, out)
	}
	return a
}

func (s v3) embed(ctx context.Context, a embedAsk) (vectors, error) {
	p := openai.EmbeddingNewParams{Model: a.model, Dimensions: v3Opt(a.dimensions), EncodingFormat: openai.EmbeddingNewParamsEncodingFormat(a.encoding)}
	switch {
	case a.tokens != nil:
		p.Input.OfArrayOfTokenArrays = a.tokens
	case len(a.input) == 1:
		p.Input.OfString = openai.String(a.input[0])
	default:
		p.Input.OfArrayOfStrings = a.input
	}
	got, err := s.c.Embeddings.New(ctx, p)
	if err != nil {
		return vectors{}, err
	}
	v := vectors{Model: got.Model, Usage: usage{Prompt: got.Usage.PromptTokens, Total: got.Usage.TotalTokens}}
	for _, d := range got.Data {
		v.Data, v.Raw = append(v.Data, d.Embedding), append(v.Raw, d.JSON.Embedding.Raw())
	}
	return v, nil
}

func (s v3) models(ctx context.Context) ([]model, error) {
	var all []model
	pages := s.c.Models.ListAutoPaging(ctx)
	for pages.Next() {
		m := pages.Current()
		all = append(all, model{m.ID, string(m.Object), m.OwnedBy, m.Created})
	}
	return all, pages.Err()
}

func (s v3) model(ctx context.Context, id string) (model, error) {
	m, err := s.c.Models.Get(ctx, id)
	if err != nil {
		return model{}, err
	}
	return model{m.ID, string(m.Object), m.OwnedBy, m.Created}, nil
}

func (s v3) get(ctx context.Context, path string, into any) error {
	return s.c.Get(ctx, path, nil, into)
}

// failure: an error inside a stream has a type of its own, which keeps the
// event.
func (v3) failure(err error) (failure, bool) {
	if e, ok := errors.AsType[*openai.Error](err); ok {
		return failure{Status: e.StatusCode, Type: e.Type, Code: e.Code, Param: e.Param, Message: e.Message, raw: e.RawJSON(), header: e.Response.Header}, true
	}
	e, ok := errors.AsType[*ssestream.StreamError](err)
	if !ok {
		return failure{}, false
	}
	var event struct{ Error json.RawMessage }
	f := failure{inStream: true}
	if json.Unmarshal(e.Event.Data, &event) != nil || json.Unmarshal(event.Error, &f) != nil {
		return f, false
	}
	f.raw = string(event.Error)
	return f, true
}
