package openaichat

import (
	"weir/lib/dialect"
	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

// The counts that vendors report.
type count uint8

const (
	prompt count = iota
	completion
	total
	cached
	cacheWrite
	audioIn
	reasoning
	audioOut
	numCounts
)

// maxCount is above every real count; a larger one is not believed.
const maxCount = 1 << 40

// usage merges what the chunks of one answer report: the last value of a
// count wins, one that is absent or null changes nothing, and an explicit zero
// is a value.
type usage struct {
	has  [numCounts]bool
	n    [numCounts]int64
	tier string
}

// read takes the usage of a chunk and reports whether it had any.
func (u *usage) read(c *chunk) bool {
	if tier, ok := c.tier.Text(); ok {
		u.tier = tier
	}
	v := c.usage
	if !v.Exists() {
		v = c.groq.Get("usage")
	}
	found := false
	for m := range v.Members() {
		switch string(m.Name()) {
		case "prompt_tokens_details":
			found = u.details(m.Value, audioIn) || found
		case "completion_tokens_details":
			found = u.details(m.Value, audioOut) || found
		case "service_tier":
			if tier, ok := m.Value.Text(); ok {
				u.tier = tier
			}
		default:
			if to, ok := counts[string(m.Name())]; ok {
				found = u.set(to, m.Value) || found
			}
		}
	}
	return found
}

// counts names the counts at the top of usage and in its details. Cached
// tokens have several names: OpenAI's (in the details), DeepSeek's, Moonshot's
// and Anthropic's.
var counts = map[string]count{
	"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total,
	"cached_tokens": cached, "prompt_cache_hit_tokens": cached, "cache_read_input_tokens": cached,
	"cache_write_tokens": cacheWrite, "cache_creation_tokens": cacheWrite, "cache_creation_input_tokens": cacheWrite,
	"reasoning_tokens": reasoning,
}

func (u *usage) details(v rawjson.Value, audio count) bool {
	found := false
	for m := range v.Members() {
		if string(m.Name()) == "audio_tokens" {
			found = u.set(audio, m.Value) || found
		} else if to, ok := counts[string(m.Name())]; ok {
			found = u.set(to, m.Value) || found
		}
	}
	return found
}

func (u *usage) set(c count, v rawjson.Value) bool {
	n, ok := v.Int()
	if !ok || n < 0 || n > maxCount {
		return false
	}
	u.has[c], u.n[c] = true, n
	return true
}

// report is what a chat was billed for. It is none until both sides have been
// counted: half a bill would pass for a whole one. Where completion_tokens are
// missing, or cannot be a count, the total tells them.
func (u *usage) report(q dialect.Quirks) (_ llm.Usage, ok bool) {
	if !u.has[completion] && u.has[prompt] && u.has[total] && u.n[total] >= u.n[prompt] {
		told := *u
		told.has[completion], told.n[completion] = true, u.n[total]-u.n[prompt]
		return told.buckets(q), true
	}
	return u.buckets(q), u.has[completion] && (u.has[prompt] || u.has[total])
}

// buckets makes the counts disjoint. By the documentation, prompt_tokens
// include cached and written ones, completion_tokens include reasoning, and
// both include audio. Departures are found by the provider's own total:
//
//   - xAI reports reasoning beside completion_tokens
//     (docs.x.ai/docs/key-information/consumption-and-rate-limits, read 2026-11;
//     Quirks.ReasoningExclusive, for answers without a total);
//   - Gemini's compatible endpoint leaves thoughts out of completion_tokens and
//     has no count for them: what the total has more is thoughts;
//   - some vendors leave cached tokens out of prompt_tokens; where no total
//     tells, Quirks.CacheExclusive does.
//
// No bucket is ever negative.
func (u *usage) buckets(q dialect.Quirks) llm.Usage {
	in, cache := u.n[prompt], u.n[cached]+u.n[cacheWrite]
	if !u.has[prompt] && u.has[total] {
		in = max(u.n[total]-u.n[completion], 0)
	}
	out, thought := u.n[completion], u.n[reasoning]
	surplus := u.n[total] - in - out // counts beyond the two
	if !u.has[total] {
		surplus = 0
	}
	if q.CacheExclusive || cache > 0 && (cache > in || surplus == cache) {
		surplus -= cache
	} else {
		in -= cache
	}
	switch {
	case thought > 0 && (surplus == thought || thought > out || q.ReasoningExclusive && !u.has[total]):
		out += thought
	case !u.has[reasoning] && surplus > 0 && u.has[completion]:
		out, thought = out+surplus, surplus
	}
	got := llm.Usage{
		CacheRead:    u.n[cached],
		CacheWrite5m: u.n[cacheWrite],
		AudioIn:      min(u.n[audioIn], in),
		AudioOut:     min(u.n[audioOut], out),
		Tier:         tierName(u.tier),
	}
	got.Input, got.Output = in-got.AudioIn, out-got.AudioOut
	got.Reasoning = min(thought, got.Output)
	return got
}

// tierName is a tier with a price of its own; the words for the ordinary one
// (Groq's is on_demand) are none.
func tierName(tier string) string {
	switch tier {
	case "auto", "default", "standard", "on_demand":
		return ""
	}
	return tier
}
