package anthropic

import (
	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

// The counts that answers report.
type count uint8

const (
	input count = iota
	output
	cacheRead
	cacheWrite
	cacheWrite5m
	cacheWrite1h
	thinkingOut
	webSearch
	numCounts
)

// maxCount is above every real count; a larger one is not believed.
const maxCount = 1 << 40

// usage merges what the events of one answer report. Counts are cumulative:
// the last value of each wins, one that is absent or null changes nothing, and
// an explicit zero is a value.
type usage struct {
	has   [numCounts]bool
	n     [numCounts]int64
	extra [numCounts]int64 // of compaction, which the counts leave out
	tier  string
	speed string
	geo   string
}

var counts = map[string]count{
	"input_tokens": input, "output_tokens": output,
	"cache_read_input_tokens": cacheRead, "cache_creation_input_tokens": cacheWrite,
}

var details = map[string]count{
	"ephemeral_5m_input_tokens": cacheWrite5m, "ephemeral_1h_input_tokens": cacheWrite1h,
	"thinking_tokens": thinkingOut, "web_search_requests": webSearch,
}

// read takes a usage object and reports whether it had any count.
func (u *usage) read(v rawjson.Value) bool {
	found := false
	for m := range v.Members() {
		switch name := string(m.Name()); name {
		case "cache_creation", "output_tokens_details", "server_tool_use":
			for d := range m.Value.Members() {
				if c, ok := details[string(d.Name())]; ok {
					found = u.set(c, d.Value) || found
				}
			}
		case "service_tier":
			u.tier = text(m.Value, u.tier)
		case "speed":
			u.speed = text(m.Value, u.speed)
		case "inference_geo":
			u.geo = text(m.Value, u.geo)
		case "iterations":
			u.iterations(m.Value)
		default:
			if c, ok := counts[name]; ok {
				found = u.set(c, m.Value) || found
			}
		}
	}
	return found
}

func text(v rawjson.Value, otherwise string) string {
	if s, ok := v.Text(); ok {
		return s
	}
	return otherwise
}

func (u *usage) set(c count, v rawjson.Value) bool {
	n, ok := v.Int()
	if !ok || n < 0 || n > maxCount {
		return false
	}
	u.has[c], u.n[c] = true, n
	return true
}

// iterations adds what compacting the context took: by the documentation the
// counts of the whole leave it out, and it is billed.
func (u *usage) iterations(v rawjson.Value) {
	if v.Kind() != rawjson.Array {
		return
	}
	u.extra = [numCounts]int64{}
	for _, it := range v.Elems() {
		if !it.Get("type").Is("compaction") {
			continue
		}
		var one usage
		one.read(it)
		one.split()
		for c := range u.extra {
			u.extra[c] += one.n[c]
		}
	}
}

// split divides what was written to the cache by its life. What is written
// without a word about that lives five minutes.
func (u *usage) split() {
	long := u.n[cacheWrite1h]
	if !u.has[cacheWrite] {
		u.n[cacheWrite] = u.n[cacheWrite5m] + long
	}
	u.n[cacheWrite1h] = min(long, u.n[cacheWrite])
	u.n[cacheWrite5m] = u.n[cacheWrite] - u.n[cacheWrite1h]
}

// buckets are the counts as the hub has them. The vendor's are disjoint
// already: input_tokens leave out what was read from the cache or written to
// it, and output_tokens include thinking.
func (u *usage) buckets() llm.Usage {
	t := *u
	t.split()
	for c := range t.n {
		t.n[c] += t.extra[c]
	}
	got := llm.Usage{
		Input: t.n[input], Output: t.n[output], CacheRead: t.n[cacheRead],
		CacheWrite5m: t.n[cacheWrite5m], CacheWrite1h: t.n[cacheWrite1h],
		Reasoning: min(t.n[thinkingOut], t.n[output]),
		Tier:      tierName(t.tier, t.speed),
		Region:    regionName(t.geo),
	}
	if n := t.n[webSearch]; n > 0 {
		got.Units = map[string]int64{"web_search": n}
	}
	return got
}

// tierName is a tier with a price of its own.
func tierName(tier, speed string) string {
	if speed != "" && speed != "standard" {
		return speed
	}
	if tier == "standard" {
		return ""
	}
	return tier
}

// regionName is a geography with a price of its own: the United States, 1.1
// times the standard one. Elsewhere inference is global, or, for models from
// before there was a choice, not said
// (platform.claude.com/docs/en/manage-claude/data-residency, read 2026-11).
func regionName(geo string) string {
	if geo == "global" || geo == "not_available" {
		return ""
	}
	return geo
}
