package fakebedrock_test

import (
	"strings"
	"testing"

	"weir/lib/testkit/fakebedrock"
)

const (
	sonnet45 = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
	opus47   = "us.anthropic.claude-opus-4-7"
	sonnet37 = "eu.anthropic.claude-3-7-sonnet-20250219-v1:0"
	sonnet5  = "global.anthropic.claude-sonnet-5"
	nova     = "amazon.nova-pro-v1:0"
	nova2    = "us.amazon.nova-2-lite-v1:0"
	llama    = "us.meta.llama4-scout-17b-instruct-v1:0"
	mistral  = "mistral.mistral-large-2402-v1:0"
	deepseek = "deepseek.v3-v1:0"
)

// chat is a request with these messages and more members.
func chat(messages string, more ...string) string {
	return `{"messages":[` + messages + `]` + strings.Join(append([]string{""}, more...), ",") + `}`
}

const (
	hi   = `{"role":"user","content":[{"text":"hi"}]}`
	tool = `"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object"}}}}]}`
	use  = `{"role":"assistant","content":[{"toolUse":{"toolUseId":"t1","name":"f","input":{}}}]}`
	res  = `{"role":"user","content":[{"toolResult":{"toolUseId":"t1","content":[{"text":"x"}]}}]}`
)

func user(block string) string      { return `{"role":"user","content":[` + block + `]}` }
func assistant(block string) string { return `{"role":"assistant","content":[` + block + `]}` }

// What the service takes.
func TestTaken(t *testing.T) {
	for _, tt := range []struct{ op, model, body string }{
		{fakebedrock.Converse, sonnet45, chat(hi)},
		{fakebedrock.ConverseStream, nova, chat(hi, `"inferenceConfig":{"maxTokens":5,"temperature":0.5,"topP":1,"stopSequences":["x"]}`)},
		{fakebedrock.Converse, sonnet45, chat(hi+","+use+","+res, tool)},
		{fakebedrock.Converse, sonnet45, chat(hi + "," + assistant(`{"text":"go on"}`))},
		{fakebedrock.Converse, sonnet45, chat(user(`{"text":"x"},{"cachePoint":{"type":"default","ttl":"1h"}}`), `"system":[{"text":"s"},{"cachePoint":{"type":"default","ttl":"1h"}}]`)},
		{fakebedrock.Converse, nova2, chat(hi, `"additionalModelRequestFields":{"reasoningConfig":{"type":"enabled","maxReasoningEffort":"low"}}`)},
		{fakebedrock.Converse, deepseek, chat(hi, `"requestMetadata":{"user_id":"a@b"}`, `"serviceTier":{"type":"flex"}`, `"performanceConfig":{"latency":"optimized"}`)},
		{fakebedrock.CountTokens, sonnet45, `{"input":{"converse":` + chat(hi) + `}}`},
		{fakebedrock.Invoke, sonnet45, `{"anthropic_version":"bedrock-2023-05-31","max_tokens":1,"messages":[{"role":"user","content":"x"}],"anthropic_beta":["b"]}`},
	} {
		if e := fakebedrock.Check(tt.op, tt.model, []byte(tt.body)); e != nil {
			t.Errorf("%s of %s: %v\n%s", tt.op, tt.model, e, tt.body)
		}
	}
}

// What the service refuses, one rule each, with a part of its words.
func TestRefused(t *testing.T) {
	for name, tt := range map[string]struct{ model, body, want string }{
		"no JSON":                {sonnet45, `{`, "no JSON"},
		"two values":             {sonnet45, chat(hi) + "{}", "no JSON"},
		"unknown member":         {sonnet45, chat(hi, `"stream":true`), "unknown member stream"},
		"no messages":            {sonnet45, `{"messages":[]}`, "must start with a user message"},
		"assistant first":        {sonnet45, chat(assistant(`{"text":"x"}`)), "must start with a user message"},
		"system role":            {sonnet45, chat(hi + `,{"role":"system","content":[{"text":"x"}]}`), "user or assistant"},
		"roles in a row":         {sonnet45, chat(hi + "," + hi), "must alternate"},
		"empty content":          {sonnet45, chat(user("")), "is empty"},
		"blank text":             {sonnet45, chat(user(`{"text":" \n"}`)), "is blank"},
		"blank system":           {sonnet45, chat(hi, `"system":[{"text":""}]`), "is blank"},
		"two members":            {sonnet45, chat(user(`{"text":"a","image":{}}`)), "exactly one"},
		"no toolConfig":          {sonnet45, chat(hi + "," + use + "," + res), "toolConfig field must be defined"},
		"no result":              {sonnet45, chat(hi+","+use+","+hi, tool), "Expected toolResult"},
		"no result at the end":   {sonnet45, chat(hi+","+use, tool), "Expected toolResult"},
		"result alone":           {sonnet45, chat(res, tool), "exceeds the number of toolUse"},
		"other id":               {sonnet45, chat(hi+","+use+","+strings.Replace(res, "t1", "t2", 1), tool), "Expected toolResult"},
		"result behind text":     {sonnet45, chat(hi+","+use+","+strings.Replace(res, `[{"toolResult"`, `[{"text":"a"},{"toolResult"`, 1), tool), "must come before"},
		"id":                     {sonnet45, chat(hi+","+strings.Replace(use, "t1", "t 1", 1)+","+strings.Replace(res, "t1", "t 1", 1), tool), "regular expression"},
		"id of Claude":           {sonnet45, chat(hi+","+strings.Replace(use, "t1", "t.1", 1)+","+strings.Replace(res, "t1", "t.1", 1), tool), "should match"},
		"id of Mistral":          {mistral, chat(hi+","+use+","+res, tool), "length of 9"},
		"input no object":        {sonnet45, chat(hi+","+strings.Replace(use, `"input":{}`, `"input":"{}"`, 1)+","+res, tool), "json object"},
		"json no object":         {sonnet45, chat(hi+","+use+","+strings.Replace(res, `{"text":"x"}`, `{"json":[1]}`, 1), tool), "json object"},
		"failed without content": {sonnet45, chat(hi+","+use+","+strings.Replace(res, `"content":[{"text":"x"}]`, `"content":[],"status":"error"`, 1), tool), "cannot be empty"},
		"status":                 {deepseek, chat(hi+","+use+","+strings.Replace(res, `"t1",`, `"t1","status":"error",`, 1), tool), "doesn't support the status"},
		"text beside a call":     {llama, chat(hi+","+strings.Replace(use, `[{`, `[{"text":"a"},{`, 1)+","+res, tool), "cannot be provided in the same turn"},
		"forced":                 {llama, chat(hi, strings.Replace(tool, `]}`, `],"toolChoice":{"any":{}}}`, 1)), "toolChoice.any"},
		"tool that is not there": {sonnet45, chat(hi, strings.Replace(tool, `]}`, `],"toolChoice":{"tool":{"name":"g"}}}`, 1)), "none of toolConfig.tools"},
		"tool's name":            {sonnet45, chat(hi, strings.Replace(tool, `"f"`, `"f g"`, 1)), "regular expression"},
		"schema":                 {sonnet45, chat(hi, strings.Replace(tool, `"object"`, `"array"`, 1)), "must be one of the following: object"},
		"no tools":               {sonnet45, chat(hi, `"toolConfig":{"tools":[]}`), "at least one"},
		"prefill":                {sonnet5, chat(hi + "," + assistant(`{"text":"x"}`)), "prefill"},
		"prefill of others":      {nova, chat(hi + "," + assistant(`{"text":"x"}`)), "prefill"},
		"white space at the end": {sonnet45, chat(hi + "," + assistant(`{"text":"x "}`)), "trailing whitespace"},
		"only reasoning":         {sonnet5, chat(hi + "," + assistant(`{"reasoningContent":{"reasoningText":{"text":"","signature":"S"}}}`) + "," + hi), "prefill"},
		"reasoning of others":    {nova, chat(hi + "," + assistant(`{"reasoningContent":{"reasoningText":{"text":"a","signature":"S"}}},{"text":"x"}`) + "," + hi), "cannot contain reasoning"},
		"reasoning without text": {sonnet45, chat(hi + "," + assistant(`{"reasoningContent":{"reasoningText":{"signature":"S"}}},{"text":"x"}`) + "," + hi), "must not be null"},
		"reasoning unsigned":     {sonnet45, chat(hi + "," + assistant(`{"reasoningContent":{"reasoningText":{"text":"a"}}},{"text":"x"}`) + "," + hi), "signature: Field required"},
		"document alone":         {sonnet45, chat(user(`{"document":{"format":"pdf","name":"a","source":{"bytes":"YQ=="}}}`)), "must have a text"},
		"document's name":        {sonnet45, chat(user(`{"text":"x"},{"document":{"format":"pdf","name":"a.pdf","source":{"bytes":"YQ=="}}}`)), "document file name"},
		"names twice":            {sonnet45, chat(user(`{"text":"x"},{"document":{"format":"pdf","name":"a","source":{"bytes":"YQ=="}}},{"document":{"format":"pdf","name":"A","source":{"bytes":"YQ=="}}}`)), "unique"},
		"image's format":         {sonnet45, chat(user(`{"image":{"format":"jpg","source":{"bytes":"YQ=="}}}`)), "none of"},
		"image without bytes":    {sonnet45, chat(user(`{"image":{"format":"png","source":{"bytes":""}}}`)), "base64"},
		"image of the assistant": {sonnet45, chat(hi + "," + assistant(`{"image":{"format":"png","source":{"bytes":"YQ=="}}}`) + "," + hi), "are the user's"},
		"temperature":            {sonnet45, chat(hi, `"inferenceConfig":{"temperature":1.5}`), "between 0 and 1"},
		"both":                   {sonnet45, chat(hi, `"inferenceConfig":{"temperature":0.5,"topP":0.5}`), "cannot both"},
		"no sampling":            {opus47, chat(hi, `"inferenceConfig":{"temperature":0.5}`), "deprecated"},
		"too many tokens":        {sonnet45, chat(hi, `"inferenceConfig":{"maxTokens":64001}`), "model limit of 64000"},
		"no tokens":              {sonnet45, chat(hi, `"inferenceConfig":{"maxTokens":0}`), "between 1"},
		"empty config":           {sonnet45, chat(hi, `"inferenceConfig":{}`), "is empty"},
		"blank stop":             {sonnet45, chat(hi, `"inferenceConfig":{"stopSequences":[" "]}`), "non-whitespace"},
		"point of others":        {deepseek, chat(user(`{"text":"x"},{"cachePoint":{"type":"default"}}`)), "did not allow prompt caching"},
		"point first":            {sonnet45, chat(user(`{"cachePoint":{"type":"default"}},{"text":"x"}`)), "nothing available to cache"},
		"point behind reasoning": {sonnet45, chat(hi + "," + assistant(`{"reasoningContent":{"reasoningText":{"text":"a","signature":"S"}}},{"cachePoint":{"type":"default"}},{"text":"x"}`) + "," + hi), "after reasoning"},
		"point behind a csv":     {sonnet45, chat(user(`{"text":"x"},{"document":{"format":"csv","name":"a","source":{"bytes":"YQ=="}}},{"cachePoint":{"type":"default"}}`)), "Field required"},
		"life":                   {sonnet37, chat(user(`{"text":"x"},{"cachePoint":{"type":"default","ttl":"1h"}}`)), "Extra inputs"},
		"life of others":         {nova, chat(user(`{"text":"x"},{"cachePoint":{"type":"default","ttl":"5m"}}`)), "Anthropic models"},
		"lives":                  {sonnet45, chat(user(`{"text":"x"},{"cachePoint":{"type":"default"}},{"text":"y"},{"cachePoint":{"type":"default","ttl":"1h"}}`)), "must not come after"},
		"five points":            {sonnet45, chat(user(strings.Repeat(`{"text":"x"},{"cachePoint":{"type":"default"}},`, 5) + `{"text":"y"}`)), "maximum of 4"},
		"budget":                 {sonnet45, chat(hi, `"inferenceConfig":{"maxTokens":2000}`, `"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":2000}}`), "greater than"},
		"small budget":           {sonnet45, chat(hi, `"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":10}}`), "1024"},
		"budget of 4.7":          {opus47, chat(hi, `"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":2000}}`), "not supported"},
		"unsigned turn":          {sonnet45, chat(hi+","+use+","+res, tool, `"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":2000}}`), "Expected `thinking`"},
		"thinking and forced":    {sonnet45, chat(hi, strings.Replace(tool, `]}`, `],"toolChoice":{"any":{}}}`, 1), `"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":2000}}`), "forces tool use"},
		"structured answers":     {opus47, chat(hi, `"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":"{}"}}}}`), "Extra inputs"},
		"open object":            {sonnet45, chat(hi, `"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":"{\"type\":\"object\"}"}}}}`), "additionalProperties"},
		"schema as an object":    {sonnet45, chat(hi, `"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":{}}}}}`), "must be a string"},
		"tier":                   {sonnet45, chat(hi, `"serviceTier":{"type":"auto"}`), "must be one of"},
		"metadata":               {sonnet45, chat(hi, `"requestMetadata":{"a":"ä"}`), "pattern"},
		"high effort of Nova":    {nova2, chat(hi, `"inferenceConfig":{"maxTokens":5}`, `"additionalModelRequestFields":{"reasoningConfig":{"type":"enabled","maxReasoningEffort":"high"}}`), "cannot be set"},
		"no effort of Nova":      {nova2, chat(hi, `"additionalModelRequestFields":{"reasoningConfig":{"type":"enabled"}}`), "must be low, medium or high"},
		"odd effort of Nova":     {nova2, chat(hi, `"additionalModelRequestFields":{"reasoningConfig":{"type":"enabled","maxReasoningEffort":"max"}}`), "must be low, medium or high"},
		"odd type of Nova":       {nova2, chat(hi, `"additionalModelRequestFields":{"reasoningConfig":{"type":"adaptive"}}`), "none of enabled"},
		"effort of nothing":      {nova2, chat(hi, `"additionalModelRequestFields":{"reasoningConfig":{"type":"disabled","maxReasoningEffort":"low"}}`), "cannot be set when reasoning is disabled"},
		"21 images":              {sonnet45, chat(user(strings.Repeat(`{"image":{"format":"png","source":{"bytes":"YQ=="}}},`, 21) + `{"text":"x"}`)), "21 blocks of type image"},
		"effort of old Nova":     {nova, chat(hi, `"additionalModelRequestFields":{"reasoningConfig":{"type":"enabled","maxReasoningEffort":"low"}}`), "not permitted"},
	} {
		e := fakebedrock.Check(fakebedrock.Converse, tt.model, []byte(tt.body))
		if e == nil || !strings.Contains(e.Message, tt.want) {
			t.Errorf("%s: %v, want %q\n%s", name, e, tt.want, tt.body)
		}
	}
	for _, tt := range []struct{ op, model, body, want string }{
		{fakebedrock.ConverseStream, llama, chat(hi, tool), "streaming mode"},
		{fakebedrock.CountTokens, nova, `{"input":{"converse":` + chat(hi) + `}}`, "doesn't support counting"},
		{fakebedrock.CountTokens, sonnet45, `{"input":{"converse":` + chat(hi, `"inferenceConfig":{"maxTokens":1}`) + `}}`, "unknown member"},
		{fakebedrock.Invoke, sonnet45, `{"anthropic_version":"bedrock-2023-05-31","max_tokens":1,"model":"x","messages":[{}]}`, "Extra inputs"},
		{fakebedrock.Invoke, sonnet45, `{"anthropic_version":"2023-06-01","max_tokens":1,"messages":[{}]}`, "anthropic_version"},
		{fakebedrock.Invoke, sonnet45, `{"anthropic_version":"bedrock-2023-05-31","messages":[{}]}`, "max_tokens"},
		{fakebedrock.Invoke, sonnet45, `{"anthropic_version":"bedrock-2023-05-31","max_tokens":1,"messages":[]}`, "at least one"},
		{fakebedrock.Invoke, sonnet45, `{"anthropic_version":"bedrock-2023-05-31","max_tokens":64001,"messages":[{"role":"user","content":"x"}]}`, "64001 > 64000"},
		{fakebedrock.Invoke, sonnet45, `{"anthropic_version":"bedrock-2023-05-31","max_tokens":1,"messages":[{"role":"user","content":"x"}],"cache_control":{"type":"ephemeral"}}`, "cache_control: Extra inputs"},
		{fakebedrock.Invoke, sonnet45, `{"anthropic_version":"bedrock-2023-05-31","max_tokens":1,"messages":[{"role":"user","content":"x"}],"anthropic_beta":["compact-2026-01-12","fast-mode-2026-02-01"]}`, "invalid beta flag"},
		{fakebedrock.Invoke, sonnet45, `{"anthropic_version":"bedrock-2023-05-31","max_tokens":1,"messages":[{"role":"user","content":"x"}],"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral","scope":"global"}}]}`, "system.0.cache_control.ephemeral.scope"},
		{fakebedrock.Invoke, "us.anthropic.claude-sonnet-4-20250514-v1:0", `{"anthropic_version":"bedrock-2023-05-31","max_tokens":1,"messages":[{"role":"user","content":"x"}],"tools":[{"name":"f","input_schema":{"type":"object"},"cache_control":{"type":"ephemeral","ttl":"1h"}}]}`, "tools.0.cache_control.ephemeral.ttl"},
		{fakebedrock.Invoke, opus47, `{"anthropic_version":"bedrock-2023-05-31","max_tokens":1,"messages":[{"role":"user","content":"x"}],"tools":[{"name":"f","input_schema":{"type":"object"},"strict":true}]}`, "tools.0.custom.strict"},
		{fakebedrock.Invoke, sonnet45, `{"anthropic_version":"bedrock-2023-05-31","max_tokens":1,"messages":[{"role":"user","content":"x"}],"tools":[{"name":"f","input_schema":{"type":"object"},"defer_loading":true}]}`, "tools.0.custom.defer_loading"},
		{fakebedrock.Invoke, sonnet45, `{"anthropic_version":"bedrock-2023-05-31","max_tokens":1,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://example.com/a.png"}}]}]}`, "messages.0.content.0.image.source"},
		{"elsewhere", sonnet45, `{}`, "elsewhere"},
	} {
		if e := fakebedrock.Check(tt.op, tt.model, []byte(tt.body)); e == nil || !strings.Contains(e.Message, tt.want) {
			t.Errorf("%s: %v, want %q", tt.op, e, tt.want)
		}
	}
}
