package converse

import (
	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

// latencyOptimized is a way of being served that has a price of its own.
const latencyOptimized = "optimized"

// maxCount is above every real count; a larger one is not believed.
const maxCount = 1 << 40

// usage is what an answer reports, once, at its end.
type usage struct {
	input, output    int64
	cached, written  int64
	writtenForAnHour int64
	tier             string
}

// read takes the object that holds the report: metadata of a stream, or a
// whole answer. What is written to the cache without a word about its life
// lives five minutes. It reports whether both sides have been counted: half a
// bill would pass for a whole one, and none for a free call.
func (u *usage) read(v rawjson.Value) bool {
	counts := v.Get("usage")
	var in, out bool
	u.input, in = counted(counts, "inputTokens")
	u.output, out = counted(counts, "outputTokens")
	u.cached, u.written = count(counts, "cacheReadInputTokens"), count(counts, "cacheWriteInputTokens")
	var detailed int64
	for _, d := range counts.Get("cacheDetails").Elems() {
		n := count(d, "inputTokens")
		detailed += n
		if d.Get("ttl").Is("1h") {
			u.writtenForAnHour += n
		}
	}
	u.written = max(u.written, detailed)
	if tier, ok := v.Get("serviceTier").Get("type").Text(); ok && tier != "default" {
		u.tier = tier
	}
	if u.tier == "" && v.Get("performanceConfig").Get("latency").Is(latencyOptimized) {
		u.tier = latencyOptimized
	}
	return in && out
}

// counted reads a count; ok is false where there is none to be believed.
func counted(v rawjson.Value, name string) (n int64, ok bool) {
	if n, ok = v.Get(name).Int(); !ok || n < 0 || n > maxCount {
		return 0, false
	}
	return n, true
}

func count(v rawjson.Value, name string) int64 {
	n, _ := counted(v, name)
	return n
}

// buckets are the counts as the hub has them. The service's are disjoint
// already: inputTokens leave out what was read from the cache or written to it
// (docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html, read
// 2026-11). It does not tell reasoning from other output.
func (u *usage) buckets() llm.Usage {
	return llm.Usage{
		Input: u.input, Output: u.output, CacheRead: u.cached,
		CacheWrite5m: u.written - u.writtenForAnHour, CacheWrite1h: u.writtenForAnHour,
		Tier: u.tier,
	}
}
