package provider

import "weir/lib/dialect"

// vendors are services that sell answers of models, by an API like OpenAI's.
// Base URLs end where the vendor's path for chat completions begins. All take
// stream_options and end their streams with [DONE] unless a quirk says
// otherwise.
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
			"https://github.com/withceleste/celeste-python/pull/351",
		}, Read: read,
	},
	{
		Kind: "mistral", Title: "Mistral AI",
		BaseURL: "https://api.mistral.ai/v1", Env: "MISTRAL_API_KEY",
		Auth: authBearer, Transport: transportHTTP, Framing: framingSSE, Offers: chatAndEmbed,
		// The API's schema has max_tokens and no stream_options, and refuses
		// members it does not know with a 422. Usage comes unasked.
		Quirks: dialect.Quirks{NoStreamUsage: true, MaxTokensOnly: true},
		Sources: []string{
			"https://docs.mistral.ai/capabilities/completion/",
			"https://github.com/partITech/php-mistral/issues/76",
			"https://github.com/mistralai/client-python/blob/main/src/mistralai/models/chatcompletionstreamrequest.py",
		}, Read: read,
	},
	{
		Kind: "deepseek", Title: "DeepSeek",
		BaseURL: "https://api.deepseek.com", Env: "DEEPSEEK_API_KEY",
		Auth: authBearer, Transport: transportHTTP, Framing: framingSSE, Offers: chatOnly,
		// max_completion_tokens is ignored without a word, and a tool turn that
		// comes back without its reasoning_content is a 400.
		Quirks: dialect.Quirks{MaxTokensOnly: true, TakesReasoning: true},
		Sources: []string{
			"https://api-docs.deepseek.com/quick_start/your_first_api_call.md",
			"https://github.com/earendil-works/pi/issues/8018",
		}, Read: read,
	},
	{
		Kind: "together", Title: "Together AI",
		BaseURL: "https://api.together.ai/v1", Env: "TOGETHER_API_KEY",
		Auth: authBearer, Transport: transportHTTP, Framing: framingSSE, Offers: chatAndEmbed,
		Quirks: dialect.Quirks{MaxTokensOnly: true},
		Sources: []string{
			"https://docs.together.ai/docs/inference/openai-compatibility.md",
			"https://github.com/togethercomputer/together-py/blob/main/src/together/types/chat/completion_create_params.py",
			"https://github.com/vercel/ai/pull/17986",
		}, Read: read,
	},
	{
		Kind: "openrouter", Title: "OpenRouter",
		BaseURL: "https://openrouter.ai/api/v1", Env: "OPENROUTER_API_KEY",
		Auth: authBearer, Transport: transportHTTP, Framing: framingSSE, Offers: chatAndEmbed,
		Quirks: dialect.Quirks{TakesCacheControl: true},
		Sources: []string{
			"https://openrouter.ai/docs/api_reference/embeddings",
			"https://openrouter.ai/docs/client-sdks/typescript/models/chatstreamoptions",
		}, Read: read,
	},
	{
		Kind: "xai", Title: "xAI",
		BaseURL: "https://api.x.ai/v1", Env: "XAI_API_KEY",
		Auth: authBearer, Transport: transportHTTP, Framing: framingSSE, Offers: chatOnly,
		// There, total_tokens is prompt + completion + reasoning.
		Quirks: dialect.Quirks{ReasoningExclusive: true},
		Sources: []string{
			"https://docs.x.ai/api",
			"https://github.com/zed-industries/zed/pull/45812",
			"https://github.com/vercel/ai/pull/12425",
		}, Read: read,
	},
	{
		Kind: "fireworks", Title: "Fireworks AI",
		BaseURL: "https://api.fireworks.ai/inference/v1", Env: "FIREWORKS_API_KEY",
		Auth: authBearer, Transport: transportHTTP, Framing: framingSSE, Offers: chatAndEmbed,
		Sources: []string{
			"https://docs.fireworks.ai/tools-sdks/openai-compatibility",
			"https://github.com/fw-ai-external/python-sdk/blob/main/src/fireworks/types/chat/completion_create_params.py",
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
		Sources: []string{"https://docs.vllm.ai/en/v0.28.0/serving/online_serving/openai_compatible_server/"}, Read: read,
	},
	{
		Kind: "ollama", Title: "Ollama",
		BaseURL: "http://localhost:11434/v1", Env: "OLLAMA_API_KEY", Optional: true,
		Auth: authBearer, Transport: transportHTTP, Framing: framingSSE, Offers: chatAndEmbed,
		Quirks: dialect.Quirks{MaxTokensOnly: true},
		Sources: []string{
			"https://github.com/ollama/ollama/blob/main/openai/openai.go",
		}, Read: read,
	},
	{
		// Any other server of that API: gateway.yaml gives its address, and
		// its credential or "none".
		Kind: "openai-compatible", Title: "any OpenAI-compatible API",
		Auth: authBearer, Transport: transportHTTP, Framing: framingSSE, Offers: chatAndEmbed,
		Sources: []string{"https://platform.openai.com/docs/api-reference/chat/create"}, Read: read,
	},
}
