package provider

import (
	"weir/lib/dialect"
	"weir/lib/llm"
)

// others are vendors with an API of their own.
var others = []Row{
	{
		Kind: "anthropic", Title: "Anthropic",
		BaseURL: "https://api.anthropic.com", Env: "ANTHROPIC_API_KEY",
		Auth: authAPIKey, Transport: transportHTTP, Framing: framingSSE,
		Offers: []Offer{
			{Op: llm.OpChat, Models: "*", Dialect: dialectAnthropic, Path: "/v1/messages"},
			{Op: llm.OpCount, Models: "*", Dialect: dialectAnthropic, Path: "/v1/messages/count_tokens"},
		},
		Sources: []string{
			"https://docs.claude.com/en/api/overview",
			"https://github.com/anthropics/anthropic-sdk-go/blob/main/option/requestoption.go",
		}, Read: read,
	},
	{
		Kind: "bedrock", Title: "Amazon Bedrock",
		Env: "AWS_BEARER_TOKEN_BEDROCK", Regional: true,
		Auth: authAWS, Transport: transportBedrock, Framing: FramingEventStream,
		// Claude is Anthropic's own format to Anthropic's callers, and Converse
		// to all others. Tokens are counted for Claude alone
		// (docs.aws.amazon.com/bedrock/latest/userguide/count-tokens.html).
		Offers: []Offer{
			{Op: llm.OpChat, Models: "*", Dialect: dialectConverse, Path: "/converse"},
			{Op: llm.OpChat, Models: "*anthropic.claude*", Dialect: dialectAnthropic, Path: "/invoke"},
			{Op: llm.OpCount, Models: "*anthropic.claude*", Dialect: dialectConverse, Path: "/count-tokens"},
		},
		Quirks: dialect.Quirks{VersionInBody: "bedrock-2023-05-31"},
		Sources: []string{
			"https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock_Runtime.html",
			"https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html",
		}, Read: read,
	},
}
