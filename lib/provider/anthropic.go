package provider

import "weir/lib/llm"

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
}
