package llm

// The hub's names of members that dialects name differently. Encoders of
// requests speak of a member by these, and Request.Paths says what the caller
// called it; a member that is not listed has one name everywhere.
const (
	FieldMaxTokens = "max_tokens"
	FieldStop      = "stop"
	FieldParallel  = "parallel_tool_calls"
	FieldFormat    = "response_format"
	FieldReasoning = "reasoning"        // the request to think, as a whole
	FieldEffort    = "reasoning.effort" // how hard
	FieldBudget    = "reasoning.budget" // in how many tokens
	FieldThinking  = "thinking"         // thinking in the history
	FieldUser      = "user"
)
