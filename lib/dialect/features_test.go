package dialect_test

// feature is something that a caller may ask for.
type feature struct {
	name string
	// chat and messages are the members of a request that has it, in either
	// dialect; empty where there is no word for it.
	chat, messages string
	// marks are what shows it in a request to a target; one of them does. One
	// that begins with ! shows it to Bedrock by not being there.
	marks []string
	// want is what becomes of it, by lane.
	want []string
}

// features are the rows of LOSSES.md.
var features = []feature{
	{
		name:     `text`,
		chat:     `"messages":[{"role":"user","content":"mark it"}]`,
		messages: `"messages":[{"role":"user","content":"mark it"}]`,
		marks:    []string{`mark it`},
		want:     []string{`carried`, `carried`, `carried`, `carried`, `carried`, `carried`},
	},
	{
		name:     `system text`,
		chat:     `"messages":[{"role":"system","content":"mark it"},{"role":"user","content":"x"}]`,
		messages: `"system":"mark it"`,
		marks:    []string{`mark it`},
		want:     []string{`carried`, `carried`, `carried`, `carried`, `carried`, `carried`},
	},
	{
		name:  `system text in mid-conversation`,
		chat:  `"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y"},{"role":"system","content":"mark it"},{"role":"user","content":"z"}]`,
		marks: []string{`mark it`},
		want:  []string{"in part `messages[2].role`", "in part `messages[2].role`", "in part `messages[2].role`", `–`, `–`, `–`},
	},
	{
		name:     `image as data`,
		chat:     `"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}]}]`,
		messages: `"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}}]}]`,
		marks:    []string{`iVBORw0KGgo=`},
		want:     []string{`carried`, `carried`, `carried`, `carried`, `carried`, `carried`},
	},
	{
		name:     `image by URL`,
		chat:     `"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/mark.png"}}]}]`,
		messages: `"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://example.com/mark.png"}}]}]`,
		marks:    []string{`mark.png`},
		want:     []string{`carried`, "400 `messages[0].content[0]`", "400 `messages[0].content[0]`", `carried`, "400 `messages[0].content[0]`", "400 `messages[0].content[0]`"},
	},
	{
		name:  `resolution of an image`,
		chat:  `"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo=","detail":"high"}}]}]`,
		marks: []string{`"detail"`},
		want:  []string{"loss `messages[0].content[0].image_url.detail`", "loss `messages[0].content[0].image_url.detail`", "loss `messages[0].content[0].image_url.detail`", `–`, `–`, `–`},
	},
	{
		name:     `document as data`,
		chat:     `"messages":[{"role":"user","content":[{"type":"text","text":"x"},{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0xLjQ="}}]}]`,
		messages: `"messages":[{"role":"user","content":[{"type":"text","text":"x"},{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0xLjQ="}}]}]`,
		marks:    []string{`JVBERi0xLjQ=`},
		want:     []string{`carried`, `carried`, `carried`, `carried`, `carried`, `carried`},
	},
	{
		name:  `sound`,
		chat:  `"messages":[{"role":"user","content":[{"type":"text","text":"x"},{"type":"input_audio","input_audio":{"data":"UklGRg==","format":"wav"}}]}]`,
		marks: []string{`UklGRg==`},
		want:  []string{"400 `messages[0].content[1]`", `carried`, `carried`, `–`, `–`, `–`},
	},
	{
		name:     `tools`,
		chat:     `"tools":[{"type":"function","function":{"name":"mark_f","parameters":{"type":"object"}}}]`,
		messages: `"tools":[{"name":"mark_f","input_schema":{"type":"object"}}]`,
		marks:    []string{`mark_f`},
		want:     []string{`carried`, `carried`, `carried`, `carried`, `carried`, `carried`},
	},
	{
		name:     `strict tools`,
		chat:     `"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"object","properties":{},"additionalProperties":false}}}]`,
		messages: `"tools":[{"name":"f","strict":true,"input_schema":{"type":"object","properties":{},"additionalProperties":false}}]`,
		marks:    []string{`"strict":true`},
		want:     []string{`carried`, `carried`, "loss `tools[0].function.strict`", `carried`, `carried`, "loss `tools[0].strict`"},
	},
	{
		name:     `a forced tool`,
		chat:     `"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"tool_choice":{"type":"function","function":{"name":"f"}}`,
		messages: `"tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"tool","name":"f"}`,
		marks:    []string{`"tool_choice":{"type":"tool","name":"f"`, `"tool":{"name":"f"}`, `"tool_choice":{"type":"function"`},
		want:     []string{`carried`, `carried`, `carried`, `carried`, `carried`, `carried`},
	},
	{
		name:     `any tool`,
		chat:     `"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"tool_choice":"required"`,
		messages: `"tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"any"}`,
		marks:    []string{`"type":"any"`, `"any":{}`, `"required"`},
		want:     []string{`carried`, `carried`, `carried`, `carried`, `carried`, `carried`},
	},
	{
		name:     `no tool`,
		chat:     `"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"tool_choice":"none"`,
		messages: `"tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"none"}`,
		marks:    []string{`"type":"none"`, `"tool_choice":"none"`, `!toolConfig`},
		want:     []string{`carried`, `carried`, `carried`, `carried`, `carried`, `carried`},
	},
	{
		name:     `one call at a time`,
		chat:     `"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"parallel_tool_calls":false`,
		messages: `"tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"auto","disable_parallel_tool_use":true}`,
		marks:    []string{`"disable_parallel_tool_use":true`, `"parallel_tool_calls":false`},
		want:     []string{`carried`, "loss `parallel_tool_calls`", "loss `parallel_tool_calls`", `carried`, "loss `tool_choice.disable_parallel_tool_use`", "loss `tool_choice.disable_parallel_tool_use`"},
	},
	{
		name:     `tool calls and results`,
		chat:     `"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"mark\":1}"}}]},{"role":"tool","tool_call_id":"call_1","content":"mark it"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]`,
		messages: `"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"tool_use","id":"call_1","name":"f","input":{"mark":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"call_1","content":"mark it"}]}],"tools":[{"name":"f","input_schema":{"type":"object"}}]`,
		marks:    []string{`mark it`},
		want:     []string{`carried`, `carried`, `carried`, `carried`, `carried`, `carried`},
	},
	{
		name:     `error of a tool`,
		messages: `"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"tool_use","id":"call_1","name":"f","input":{"mark":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"call_1","is_error":true,"content":"mark it"}]}],"tools":[{"name":"f","input_schema":{"type":"object"}}]`,
		marks:    []string{`"status":"error"`, `is_error":true`, `Error: mark it`},
		want:     []string{`–`, `–`, `–`, "loss `messages[2].content[0].is_error`", `carried`, `carried`},
	},
	{
		name:     `image in a tool's result`,
		messages: `"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"tool_use","id":"call_1","name":"f","input":{"mark":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"call_1","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}}]}]}],"tools":[{"name":"f","input_schema":{"type":"object"}}]`,
		marks:    []string{`iVBORw0KGgo=`},
		want:     []string{`–`, `–`, `–`, "in part `messages[2].content[0].content[0]`", `carried`, `carried`},
	},
	{
		name:     `signed thinking`,
		chat:     `"reasoning_effort":"low","max_tokens":9000,"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":null,"thinking_blocks":[{"type":"thinking","thinking":"Hm.","signature":"bWFyaw=="}],"tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"call_1","content":"r"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]`,
		messages: `"thinking":{"type":"enabled","budget_tokens":2000},"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"thinking","thinking":"Hm.","signature":"bWFyaw=="},{"type":"tool_use","id":"call_1","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"call_1","content":"r"}]}],"tools":[{"name":"f","input_schema":{"type":"object"}}]`,
		marks:    []string{`bWFyaw==`},
		want:     []string{`carried`, `carried`, "loss `messages[1].thinking_blocks[0]` `reasoning_effort`", "loss `messages[1].content[0]` `thinking.budget_tokens`", `carried`, "loss `messages[1].content[0]` `thinking`"},
	},
	{
		name:  `unsigned thinking of a tool turn`,
		chat:  `"reasoning_effort":"low","max_tokens":9000,"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":null,"reasoning_content":"mark it","tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"call_1","content":"r"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]`,
		marks: []string{`mark it`},
		want:  []string{"loss `messages[1].reasoning_content` `reasoning_effort`", "loss `messages[1].reasoning_content` `reasoning_effort`", "loss `messages[1].reasoning_content` `reasoning_effort`", `–`, `–`, `–`},
	},
	{
		name:     `reasoning by effort`,
		chat:     `"reasoning_effort":"high","max_tokens":9000`,
		messages: `"output_config":{"effort":"high"}`,
		marks:    []string{`budget_tokens`, `"effort":"high"`, `"reasoning_effort":"high"`},
		want:     []string{`carried`, `carried`, "loss `reasoning_effort`", `carried`, `carried`, "loss `output_config.effort`"},
	},
	{
		name:     `reasoning by budget`,
		messages: `"thinking":{"type":"enabled","budget_tokens":2345}`,
		marks:    []string{`"budget_tokens":2345`},
		want:     []string{`–`, `–`, `–`, "loss `thinking.budget_tokens`", `carried`, "loss `thinking`"},
	},
	{
		name:     `cache mark`,
		chat:     `"messages":[{"role":"user","content":[{"type":"text","text":"x","cache_control":{"type":"ephemeral"}}]}]`,
		messages: `"messages":[{"role":"user","content":[{"type":"text","text":"x","cache_control":{"type":"ephemeral"}}]}]`,
		marks:    []string{`cachePoint`, `cache_control`},
		want:     []string{`carried`, `carried`, `carried`, "loss `messages[0].content[0].cache_control`", `carried`, `carried`},
	},
	{
		name:     `life of a cache mark`,
		chat:     `"messages":[{"role":"user","content":[{"type":"text","text":"x","cache_control":{"type":"ephemeral","ttl":"1h"}}]}]`,
		messages: `"messages":[{"role":"user","content":[{"type":"text","text":"x","cache_control":{"type":"ephemeral","ttl":"1h"}}]}]`,
		marks:    []string{`"1h"`},
		want:     []string{`carried`, `carried`, "loss `messages[0].content[0].cache_control.ttl`", "loss `messages[0].content[0].cache_control`", `carried`, "loss `messages[0].content[0].cache_control.ttl`"},
	},
	{
		name:     `structured output`,
		chat:     `"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object","properties":{"mark":{"type":"string"}},"required":["mark"],"additionalProperties":false}}}`,
		messages: `"output_config":{"format":{"type":"json_schema","schema":{"type":"object","properties":{"mark":{"type":"string"}},"required":["mark"],"additionalProperties":false}}}`,
		marks:    []string{`mark`},
		want:     []string{`carried`, `carried`, "400 `response_format`", `carried`, `carried`, "400 `output_config.format`"},
	},
	{
		name:  `JSON without a schema`,
		chat:  `"response_format":{"type":"json_object"}`,
		marks: []string{`json_object`},
		want:  []string{"loss `response_format`", "loss `response_format`", "loss `response_format`", `–`, `–`, `–`},
	},
	{
		name:     `most tokens`,
		chat:     `"max_completion_tokens":4321`,
		messages: `"max_tokens":4321`,
		marks:    []string{`4321`},
		want:     []string{`carried`, `carried`, `carried`, `carried`, `carried`, `carried`},
	},
	{
		name:     `temperature`,
		chat:     `"temperature":0.25`,
		messages: `"temperature":0.25`,
		marks:    []string{`0.25`},
		want:     []string{`carried`, `carried`, `carried`, `carried`, `carried`, `carried`},
	},
	{
		name:  `temperature above 1`,
		chat:  `"temperature":1.75`,
		marks: []string{`1.75`},
		want:  []string{"loss `temperature`", "loss `temperature`", "loss `temperature`", `–`, `–`, `–`},
	},
	{
		name:     `top_p`,
		chat:     `"top_p":0.75`,
		messages: `"top_p":0.75`,
		marks:    []string{`0.75`},
		want:     []string{`carried`, `carried`, `carried`, `carried`, `carried`, `carried`},
	},
	{
		name:     `top_k`,
		messages: `"top_k":17`,
		marks:    []string{`17`},
		want:     []string{`–`, `–`, `–`, "loss `top_k`", `carried`, `carried`},
	},
	{
		name:     `stop sequences`,
		chat:     `"stop":["MARK"]`,
		messages: `"stop_sequences":["MARK"]`,
		marks:    []string{`MARK`},
		want:     []string{`carried`, `carried`, `carried`, `carried`, `carried`, `carried`},
	},
	{
		name:  `seed`,
		chat:  `"seed":1234567`,
		marks: []string{`1234567`},
		want:  []string{"loss `seed`", "loss `seed`", "loss `seed`", `–`, `–`, `–`},
	},
	{
		name:  `penalties`,
		chat:  `"presence_penalty":0.5,"frequency_penalty":0.5`,
		marks: []string{`0.5`},
		want:  []string{"loss `frequency_penalty` `presence_penalty`", "loss `frequency_penalty` `presence_penalty`", "loss `frequency_penalty` `presence_penalty`", `–`, `–`, `–`},
	},
	{
		name:     `service tier`,
		chat:     `"service_tier":"flex"`,
		messages: `"service_tier":"standard_only"`,
		marks:    []string{`"flex"`, `standard_only`, `"serviceTier":{"type":"default"}`, `"service_tier":"default"`},
		want:     []string{"loss `service_tier`", `carried`, `carried`, `carried`, `carried`, `carried`},
	},
	{
		name:     `end user`,
		chat:     `"user":"mark-user"`,
		messages: `"metadata":{"user_id":"mark-user"}`,
		marks:    []string{`mark-user`},
		want:     []string{`carried`, `carried`, `carried`, `carried`, `carried`, `carried`},
	},
	{
		name:  `several choices`,
		chat:  `"n":2`,
		marks: []string{`"n":2`},
		want:  []string{"400 `n`", "400 `n`", "400 `n`", `–`, `–`, `–`},
	},
	{
		name:  `log probabilities`,
		chat:  `"logprobs":true,"top_logprobs":2`,
		marks: []string{`logprobs`},
		want:  []string{"400 `top_logprobs`", "400 `top_logprobs`", "400 `top_logprobs`", `–`, `–`, `–`},
	},
	{
		name:  `logit bias`,
		chat:  `"logit_bias":{"50256":-100}`,
		marks: []string{`50256`},
		want:  []string{"400 `logit_bias`", "400 `logit_bias`", "400 `logit_bias`", `–`, `–`, `–`},
	},
	{
		name:  `predicted output`,
		chat:  `"prediction":{"type":"content","content":"mark it"}`,
		marks: []string{`mark it`},
		want:  []string{"loss `prediction`", "loss `prediction`", "loss `prediction`", `–`, `–`, `–`},
	},
	{
		name:     `web search`,
		chat:     `"web_search_options":{}`,
		messages: `"tools":[{"type":"web_search_20250305","name":"web_search"}]`,
		marks:    []string{`web_search`},
		want:     []string{"400 `web_search_options`", "400 `web_search_options`", "400 `web_search_options`", "400 `tools[0]`", "400 `tools[0]`", "400 `tools[0]`"},
	},
	{
		name:     `remote tool servers`,
		messages: `"mcp_servers":[{"type":"url","url":"https://example.com/mcp","name":"mark"}]`,
		marks:    []string{`mark`},
		want:     []string{`–`, `–`, `–`, "400 `mcp_servers`", "400 `mcp_servers`", "400 `mcp_servers`"},
	},
	{
		name:     `assistant turn to go on with`,
		chat:     `"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"mark it"}]`,
		messages: `"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"mark it"}]`,
		marks:    []string{`mark it`},
		want:     []string{`carried`, `carried`, "in part `messages[1].role`", "in part `messages[1].role`", `carried`, "in part `messages[1].role`"},
	},
}
