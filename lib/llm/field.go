package llm

// The hub's names of members that dialects name differently, or that a request
// may have in many places. Encoders of requests speak of a member by these, and
// Request.Paths says where the caller wrote it; of several places, the first. A
// member that is not listed has one name everywhere. What stands below one of
// them follows after a dot: FieldSchema + ".properties.a.minimum".
const (
	FieldMaxTokens = "max_tokens"
	FieldStop      = "stop"
	FieldParallel  = "parallel_tool_calls"
	FieldFormat    = "response_format"
	FieldSchema    = "response_format.json_schema.schema"
	FieldReasoning = "reasoning"        // the request to think, as a whole
	FieldEffort    = "reasoning.effort" // how hard
	FieldBudget    = "reasoning.budget" // in how many tokens
	FieldThinking  = "thinking"         // thinking in the history: a block
	FieldUser      = "user"

	FieldCache     = "cache_control"        // a cache mark
	FieldCacheLife = "cache_control.ttl"    // its life
	FieldStrict    = "tools.strict"         // of a tool that is to be held to its schema
	FieldToolError = "tool_result.is_error" // the mark of a result that is an error
	FieldDetail    = "image_url.detail"     // the resolution of an image
	FieldCites     = "citations"            // of a text of the history
)
