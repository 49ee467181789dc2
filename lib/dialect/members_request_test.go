package dialect_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"weir/lib/dialect"
	"weir/lib/dialect/anthropic"
	"weir/lib/fault"
	"weir/lib/llm"
)

// carried is what becomes of a request on a lane: what is sent, what is lost,
// or the refusal.
type carried struct {
	body string
	loss []string
	err  *fault.Error
}

func (l lane) carry(body string) carried {
	req, err := l.front.Decode(llm.OpChat, llm.Inbound{Raw: []byte(body)})
	if err != nil {
		return carried{err: fault.Of(err)}
	}
	out, losses, err := l.back.Encode(llm.OpChat, req, dialect.Target{Model: l.model, Path: l.path})
	if err != nil {
		return carried{err: fault.Of(err)}
	}
	c := carried{body: string(out.Body)}
	for _, loss := range slices.Concat(req.Loss, losses) {
		c.loss = append(c.loss, loss.Field)
	}
	return c
}

// fate says what becomes of m on l; it is empty where it is lost without a
// word.
func (m member) fate(t *testing.T, l lane) (fate string, bad error) {
	with := l.carry(sorted(t, m.body))
	if with.err != nil {
		if with.err.Kind != fault.Invalid || with.err.Param == "" || with.err.Message() == "" {
			return "", fmt.Errorf("refused with kind %v, param %q", with.err.Kind, with.err.Param)
		}
		if !m.about(with.err.Param) && !m.apart() {
			return "", fmt.Errorf("refused for %s", with.err.Param)
		}
		return "400", nil
	}
	varied := false
	for _, other := range []bool{false, true} {
		body, ok := m.vary(other)
		if !ok {
			continue
		}
		without := l.carry(body)
		if !other && without.err != nil {
			continue // it is required
		}
		varied = true
		if without.body != with.body { // that is none where another value is refused
			return "carried", nil
		}
		if !slices.Equal(without.loss, with.loss) {
			return "loss", nil
		}
	}
	if slices.ContainsFunc(with.loss, m.about) {
		return "loss", nil
	}
	if !varied {
		return "its parts", nil // required, with members that have lines of their own
	}
	return "", nil
}

// about reports whether a path that a caller is told is about m: m itself, what
// it stands in, or what is in it.
func (m member) about(path string) bool {
	told := member{path: path}
	var steps []string
	for step := range strings.SplitSeq(told.path, ".") {
		name, _, _ := strings.Cut(step, "[")
		steps = append(steps, name)
	}
	names := m.names()
	if last := len(steps) - 1; last > 0 && (steps[last] == "role" || steps[last] == "type") { // of what m is in
		steps = steps[:last]
	}
	n := min(len(names), len(steps))
	return slices.Equal(names[:n], steps[:n]) || slices.Contains(names, steps[len(steps)-1])
}

// unsaid are members that say nothing by themselves, or only what holds anyway:
// what becomes of them need not be told.
var unsaid = map[string]string{
	"thinking{disabled}":                     "the other models of the lanes do not think unasked",
	"thinking{between_tools}":                "the other models of the lanes do not think unasked",
	"messages[]{system}.output_config":       "empty",
	"model":                                  "the target has its own",
	"metadata":                               "empty",
	"modalities":                             "text is all there is",
	"output_config":                          "empty",
	"response_format":                        "text is the default",
	"response_format{text}":                  "text is the default",
	"stream_options":                         "for the answer",
	"stream_options.include_usage":           "for the answer",
	"tool_choice":                            "auto is the default",
	"tool_choice{auto}":                      "auto is the default",
	"tools[]{BetaToolParam}.allowed_callers": "direct is the default",

	"messages[]{user}.content[]{tool_use}.caller":         "direct is the default",
	"messages[]{user}.content[]{tool_use}.caller{direct}": "direct is the default",
	"messages[]{user}.content[]{document}.citations":      "empty",
}

// Whatever the SDKs can write is sent on in the target's words, or told as
// lost, or refused by its name.
func TestMembersOfRequests(t *testing.T) {
	for _, l := range lanes {
		file := "openai-request.txt"
		if l.front.Name() == anthropic.Name {
			file = "anthropic-request.txt"
		}
		for _, m := range membersIn(t, file) {
			fate, err := m.fate(t, l)
			if err != nil {
				t.Errorf("%s, %s: %v: %s", l.name, m.path, err, m.body)
			} else if fate == "" && unsaid[m.path] == "" {
				t.Errorf("%s, %s: lost without a word: %s", l.name, m.path, m.body)
			}
		}
	}
}
