package provider

import "weir/lib/dialect"

// vendors are services that sell answers of models, by an API like OpenAI's.
// Base URLs end where the vendor's path for chat completions begins.
var vendors = []Row{
	{
		Kind: "openai", Title: "OpenAI",
		BaseURL: "https://api.openai.com/v1", Env: "OPENAI_API_KEY",
		Auth: authBearer, Transport: transportHTTP, Framing: framingSSE, Offers: chatAndEmbed,
		Sources: []string{
			"https://platform.openai.com/docs/api-reference/chat/create",
			"https://platform.openai.com/docs/api-reference/embeddings/create",
		}, Read: read,
	},
	{
		Kind: "groq", Title: "Groq",
		BaseURL: "https://api.groq.com/openai/v1", Env: "GROQ_API_KEY",
		Auth: authBearer, Transport: transportHTTP, Framing: framingSSE, Offers: chatOnly,
		Sources: []string{
			"https://console.groq.com/docs/openai",
			"https://console.groq.com/docs/api-reference",
		}, Read: read,
	},
	{
		Kind: "mistral", Title: "Mistral AI",
		BaseURL: "https://api.mistral.ai/v1", Env: "MISTRAL_API_KEY",
		Auth: authBearer, Transport: transportHTTP, Framing: framingSSE, Offers: chatAndEmbed,
		// Usage comes with the last chunk unasked, and members that the API
		// does not know are a 422.
		Quirks: dialect.Quirks{NoStreamUsage: true, MaxTokensOnly: true}, Prices: "mistral-ai",
		Sources: []string{
			"https://docs.mistral.ai/api/endpoint/chat",
			"https://docs.mistral.ai/api/endpoint/embeddings",
		}, Read: read,
	},
	{
		Kind: "deepseek", Title: "DeepSeek",
		BaseURL: "https://api.deepseek.com/v1", Env: "DEEPSEEK_API_KEY",
		Auth: authBearer, Transport: transportHTTP, Framing: framingSSE, Offers: chatOnly,
		Quirks: dialect.Quirks{MaxTokensOnly: true},
		Sources: []string{
			"https://api-docs.deepseek.com/",
			"https://api-docs.deepseek.com/api/create-chat-completion",
		}, Read: read,
	},
	{
		Kind: "together", Title: "Together AI",
		BaseURL: "https://api.together.ai/v1", Env: "TOGETHER_API_KEY",
		Auth: authBearer, Transport: transportHTTP, Framing: framingSSE, Offers: chatAndEmbed,
		Quirks: dialect.Quirks{MaxTokensOnly: true}, Prices: "together-ai",
		Sources: []string{
			"https://docs.together.ai/docs/inference/openai-compatibility",
			"https://docs.together.ai/reference/chat-completions-1",
		}, Read: read,
	},
	{
		Kind: "openrouter", Title: "OpenRouter",
		BaseURL: "https://openrouter.ai/api/v1", Env: "OPENROUTER_API_KEY",
		Auth: authBearer, Transport: transportHTTP, Framing: framingSSE, Offers: chatAndEmbed,
		Sources: []string{
			"https://openrouter.ai/docs/api-reference/overview",
			"https://openrouter.ai/docs/api-reference/streaming",
		}, Read: read,
	},
	{
		Kind: "xai", Title: "xAI",
		BaseURL: "https://api.x.ai/v1", Env: "XAI_API_KEY",
		Auth: authBearer, Transport: transportHTTP, Framing: framingSSE, Offers: chatOnly,
		// total_tokens is prompt + completion + reasoning there.
		Quirks: dialect.Quirks{ReasoningExclusive: true}, Prices: "x-ai",
		Sources: []string{
			"https://docs.x.ai/docs/api-reference",
			"https://docs.x.ai/docs/key-information/consumption-and-rate-limits",
		}, Read: read,
	},
	{
		Kind: "fireworks", Title: "Fireworks AI",
		BaseURL: "https://api.fireworks.ai/inference/v1", Env: "FIREWORKS_API_KEY",
		Auth: authBearer, Transport: transportHTTP, Framing: framingSSE, Offers: chatAndEmbed,
		Prices: "fireworks-ai",
		Sources: []string{
			"https://docs.fireworks.ai/tools-sdks/openai-compatibility",
			"https://docs.fireworks.ai/api-reference/post-chatcompletions",
		}, Read: read,
	},
}

// hosts serve models on machines of one's own. They work without a credential
// unless they were started with one.
var hosts = []Row{
	{
		Kind: "vllm", Title: "vLLM",
		BaseURL: "http://localhost:8000/v1", Env: "VLLM_API_KEY", Optional: true,
		Auth: authBearer, Transport: transportHTTP, Framing: framingSSE, Offers: chatAndEmbed,
		Sources: []string{"https://docs.vllm.ai/en/stable/serving/openai_compatible_server.html"}, Read: read,
	},
	{
		Kind: "ollama", Title: "Ollama",
		BaseURL: "http://localhost:11434/v1", Env: "OLLAMA_API_KEY", Optional: true,
		Auth: authBearer, Transport: transportHTTP, Framing: framingSSE, Offers: chatAndEmbed,
		Quirks:  dialect.Quirks{MaxTokensOnly: true},
		Sources: []string{"https://docs.ollama.com/api/openai-compatibility"}, Read: read,
	},
	{
		// Any other server of that API: gateway.yaml gives its address, and
		// its credential or "none".
		Kind: "openai-compatible", Title: "any OpenAI-compatible API",
		Auth: authBearer, Transport: transportHTTP, Framing: framingSSE, Offers: chatAndEmbed,
		Sources: []string{"https://platform.openai.com/docs/api-reference/chat/create"}, Read: read,
	},
}
