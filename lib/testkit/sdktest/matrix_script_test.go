package sdktest_test

import (
	"encoding/base64"
	"path"

	"weir/lib/testkit/fakeanthropic"
	"weir/lib/testkit/fakebedrock"
	"weir/lib/testkit/fakeprovider"
)

// usual is what every answer reports that says nothing else.
var usual = spent{Input: 23, Output: 19}

func (s script) spent() spent {
	if s.usage == (spent{}) {
		return usual
	}
	return s.usage
}

// page is what a proxy answers that is not ours.
const page = "<html><body>Sign in</body></html>"

// chat is s as a provider of OpenAI's API answers. OpenAI's own models do not
// show their thoughts.
func (s script) chat(to target) fakeprovider.Answer {
	u := s.spent()
	a := fakeprovider.Answer{
		Text: s.text, Refusal: s.refusal, Interleave: s.mixed, Comments: s.noise, StallAfter: s.stall,
		PieceDelay: 100 * s.delay, HeadDelay: 100 * s.late, Header: s.header,
		Usage: &fakeprovider.Tokens{Prompt: u.Input + u.CacheRead, Cached: u.CacheRead, Completion: u.Output, Reasoning: u.Reasoning},
	}
	if to.provider == "deepseek" {
		a.Reasoning = s.thinking
	}
	for _, c := range s.calls {
		a.Calls = append(a.Calls, fakeprovider.Call{ID: c.ID, Name: c.Name, Arguments: c.Arguments})
	}
	a.Finish = map[string]string{"length": "length", "filter": "content_filter", "unknown": "tired"}[s.end]
	if s.page {
		a.Body, a.ContentType = page, "text/html"
	}
	if s.cut > 0 {
		a.Cut = &fakeprovider.Cut{After: s.cut, How: fakeprovider.CutAbort}
	}
	if s.wrong != "" {
		w := troubles[s.wrong].chat
		a.Error, a.Status, a.ErrorAfter = w.Error, w.Status, s.after
		if s.after > 0 && a.Error == nil {
			a.Error, a.Status = fakeprovider.Failure(a.Status), 0
		}
	}
	return a
}

// claude is s as Anthropic answers.
func (s script) claude() fakeanthropic.Answer {
	u := s.spent()
	a := fakeanthropic.Answer{
		Thinking: s.thinking, Redacted: s.redacted, Text: s.text, Sequence: s.sequence, Tier: s.tier, Pings: s.noise, StallAfter: s.stall, Cut: s.cut,
		PieceDelay: 100 * s.delay, HeadDelay: 100 * s.late, Header: s.header,
		Usage: &fakeanthropic.Tokens{Input: u.Input, CacheRead: u.CacheRead, CacheWrite5m: u.CacheWrite5m, CacheWrite1h: u.CacheWrite1h, Output: u.Output, Thinking: u.Reasoning},
	}
	for _, c := range s.calls {
		a.Calls = append(a.Calls, fakeanthropic.Call{ID: c.ID, Name: c.Name, Input: c.Arguments})
	}
	a.Refusal = s.refusal != ""
	if a.Refusal {
		a.Text = s.refusal
	}
	a.Stop = map[string]string{"length": "max_tokens", "context": "model_context_window_exceeded", "filter": "refusal", "pause": "pause_turn", "unknown": "tired"}[s.end]
	if s.page {
		a.Body, a.ContentType = page, "text/html"
	}
	if s.wrong != "" {
		w := troubles[s.wrong].claude
		a.Error, a.Status, a.ErrorAfter = w.Error, w.Status, s.after
		if s.after > 0 && a.Error == nil {
			a.Error, a.Status = fakeanthropic.Failure(a.Status), 0
		}
	}
	return a
}

// bedrock is s as Bedrock answers: in Converse's words, or in Anthropic's
// where their callers ask Claude.
func (s script) bedrock(to target, front string) fakebedrock.Answer {
	u := s.spent()
	own := front == "messages" && to.name == "bedrock-claude"
	a := fakebedrock.Answer{
		Text: s.text, Thinking: s.thinking, Sequence: s.sequence, Tier: s.tier, Stall: s.stall, Cut: s.cut, Interleave: s.mixed && !own,
		PieceDelay: s.delay, HeadDelay: s.late, Header: s.header,
		Usage: fakebedrock.Usage{Input: u.Input, Output: u.Output, CacheRead: u.CacheRead, CacheWrite: u.CacheWrite5m, CacheWrite1h: u.CacheWrite1h},
	}
	if s.redacted != "" {
		a.Redacted = encoded(s.redacted)
	}
	for _, c := range s.calls {
		one := fakebedrock.Call{ID: c.ID, Name: c.Name, Input: c.Arguments}
		if one.Input == "" {
			one.Input = "{}"
		}
		a.Calls = append(a.Calls, one)
	}
	a.Stop = map[string]string{"length": "max_tokens", "context": "model_context_window_exceeded", "filter": "content_filtered", "pause": "pause_turn", "unknown": "tired"}[s.end]
	if own && s.end == "filter" {
		a.Stop = "refusal"
	}
	if s.refusal != "" {
		a.Text, a.Stop = s.refusal, "refusal"
	}
	if s.page {
		a.Body, a.ContentType = page, "text/html"
	}
	if s.wrong != "" {
		a.Exception, a.After = troubles[s.wrong].bedrock, 0
		if s.after > 0 {
			a.After = s.after + 3
		}
	}
	return a
}

func encoded(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// ends are the reasons to stop as each front has them.
var ends = map[string]map[string]string{
	"chat":     {"": "stop", "calls": "tool_calls", "length": "length", "context": "length", "sequence": "stop", "filter": "content_filter", "refusal": "content_filter", "pause": "stop", "unknown": "stop"},
	"messages": {"": "end_turn", "calls": "tool_use", "length": "max_tokens", "context": "model_context_window_exceeded", "sequence": "stop_sequence", "filter": "refusal", "refusal": "refusal", "pause": "pause_turn", "unknown": "end_turn"},
}

// ending is the row of ends that s has.
func (s script) ending() string {
	switch {
	case s.end != "":
		return s.end
	case s.sequence != "":
		return "sequence"
	case s.refusal != "":
		return "refusal"
	case len(s.calls) > 0:
		return "calls"
	}
	return ""
}

// matches reports whether a pattern with stars matches a lane.
func matches(pattern, lane string) bool {
	ok, err := path.Match(pattern, lane)
	return ok && err == nil
}
