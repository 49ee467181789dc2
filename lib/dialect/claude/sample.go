package claude

import (
	"weir/lib/dialect"
	"weir/lib/llm"
)

// Sample is what is sent of the sampling parameters; nil is left out.
type Sample struct {
	Temperature, TopP *float64
	TopK              *int64
}

// Sample chooses the sampling parameters of p that a model takes. A value that
// is the default says nothing and is left out. A model that is told to think
// takes no other temperature than 1, no top_k and no top_p below 0.95
// (platform.claude.com/docs/en/build-with-claude/extended-thinking, read
// 2026-11).
func (m *Model) Sample(p llm.Params, t Thought, l *dialect.Losses) Sample {
	s := Sample{Temperature: Told(p.Temperature), TopP: Told(p.TopP), TopK: p.TopK}
	switch {
	case t.On && t.Kind != "":
		return s.Drop("it cannot be set while the model thinks", l)
	case m.Sampling == NoSampling:
		return s.Drop("this model does not take it", l)
	}
	if s.Temperature != nil && s.TopP != nil && m.Sampling == OneSampling {
		l.Drop("top_p", "this model takes temperature or top_p, not both")
		s.TopP = nil
	}
	return s.Bounded(l)
}

// Drop notes that what s says is left out, and returns what is left.
func (s Sample) Drop(why string, l *dialect.Losses) Sample {
	if s.Temperature != nil {
		l.Drop("temperature", why)
	}
	if s.TopP != nil {
		l.Drop("top_p", why)
	}
	if s.TopK != nil {
		l.Drop("top_k", why)
	}
	return Sample{}
}

// Bounded returns s within the range that Anthropic's API and Bedrock take:
// temperature and top_p from 0 to 1, top_k from 0 on.
func (s Sample) Bounded(l *dialect.Losses) Sample {
	s.Temperature = l.Within("temperature", s.Temperature, 0, 1)
	s.TopP = l.Within("top_p", s.TopP, 0, 1)
	if s.TopK != nil {
		k := max(*s.TopK, 0)
		s.TopK = &k
	}
	return s
}

// Told is f where it says something: temperature and top_p are 1 where nothing
// is said.
func Told(f *float64) *float64 {
	if f == nil || *f == 1 {
		return nil
	}
	return f
}
