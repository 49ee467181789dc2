package openaichat

import (
	"encoding/json"
	"hash/fnv"
	"slices"
	"strconv"

	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

// call is one tool call of an answer.
type call struct {
	key    string // the id as the provider wrote it; may be empty or repeated
	name   string
	custom json.RawMessage // set for a custom tool, which only this dialect has
	index  int             // of the hub's block, once opened
	opened bool
	closed bool
	args   []byte
	halves rawjson.Halves // of a character that two pieces share
}

// toolCall reads one entry of tool_calls. By the documentation, an entry has
// an index, and id and name once. Vendors leave the index out, send 0 for all,
// start at 1, repeat id and name in each piece, or send no id; see find.
func (s *state) toolCall(v rawjson.Value, place int64, whole bool) {
	fn, key := v.Get("function"), "arguments"
	var custom json.RawMessage
	if c := v.Get("custom"); c.Exists() {
		fn, key, custom = c, "input", clone(v)
	}
	id, _ := v.Get("id").Text()
	name, _ := fn.Get("name").Text()
	args := fn.Get(key)
	c := s.find(v, place, whole, id, name, args.Kind() == rawjson.Object || len(args.Bytes()) > 0)
	if c == nil {
		return
	}
	if !c.opened {
		c.key, c.name = orElse(c.key, id), orElse(c.name, name)
		if c.custom == nil {
			c.custom = custom
		}
	}
	s.feed(c, args)
}

func orElse(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// find returns the call that an entry belongs to, a new one where it begins
// one, nil where it belongs to none.
func (s *state) find(v rawjson.Value, place int64, whole bool, id, name string, hasArgs bool) *call {
	if whole { // each entry of a message is a call of its own
		return s.newCall(place)
	}
	n, ok := v.Get("index").Int()
	if !ok {
		return s.findByID(id, name)
	}
	c := s.byIndex[n]
	switch {
	case c == nil:
		return s.newCall(n)
	case id != "" && c.key != "" && id != c.key:
		// Another id under the same index: all calls have the same index.
		if known := s.byKey(id); known != nil {
			return known
		}
		return s.newCall(n)
	case id == "" && name != "" && hasArgs && c.complete():
		// Whole calls one after another, all with the same index and no id.
		return s.newCall(n)
	}
	return c
}

// findByID finds an entry's call where there is no index.
func (s *state) findByID(id, name string) *call {
	var last *call
	if len(s.calls) > 0 {
		last = s.calls[len(s.calls)-1]
	}
	switch {
	case id != "":
		if known := s.byKey(id); known != nil {
			return known
		}
		return s.newCall(-1)
	case name != "" && (last == nil || last.name != name || last.complete()):
		return s.newCall(-1)
	}
	return last
}

func (s *state) byKey(id string) *call {
	for _, c := range slices.Backward(s.calls) {
		if c.key == id {
			return c
		}
	}
	return nil
}

// newCall begins a call; at is the provider's index, -1 where it gave none.
func (s *state) newCall(at int64) *call {
	c := &call{}
	s.calls = append(s.calls, c)
	if at >= 0 {
		if s.byIndex == nil {
			s.byIndex = map[int64]*call{}
		}
		s.byIndex[at] = c
	}
	return c
}

// complete reports whether the arguments so far are a whole JSON value.
func (c *call) complete() bool { return len(c.args) > 0 && json.Valid(c.args) }

// feed adds a piece of a call's arguments, which some vendors send as an
// object. The block opens when the name is known; arguments that came before
// it follow.
func (s *state) feed(c *call, piece rawjson.Value) {
	if c.closed {
		return
	}
	args := c.halves.Add(piece)
	if piece.Kind() == rawjson.Object {
		args = piece.Raw()
	}
	c.args = append(c.args, args...)
	if !c.opened {
		if c.name == "" {
			return
		}
		s.openCall(c)
		args = c.args
	}
	s.grow(c.index, args)
}

func (s *state) openCall(c *call) {
	s.end()
	c.opened, c.index = true, s.take()
	if c.custom != nil {
		s.emit(llm.Opened{Index: c.index, Block: &llm.Opaque{Mark: llm.Mark{ID: c.key}, Dialect: Name, Type: "custom", Raw: c.custom}})
		return
	}
	s.emit(llm.Opened{Index: c.index, Block: &llm.ToolUse{CallID: s.callID(c), Name: c.name}})
}

// closeCall ends a call. One that neither has a name nor arguments says
// nothing, and is none.
func (s *state) closeCall(c *call) {
	if c.closed || !c.opened && c.name == "" && len(c.args) == 0 {
		return
	}
	rest := c.halves.Rest()
	if !c.opened {
		s.openCall(c)
		rest = append(c.args, rest...)
	}
	s.grow(c.index, rest)
	c.closed = true
	s.emit(llm.Closed{Index: c.index})
}

// callID is the provider's id of the call, or one made from the answer's id
// where there is none. Results are matched by it, so that it is made unique.
func (s *state) callID(c *call) string {
	n := slices.Index(s.calls, c)
	if c.key == "" {
		h := fnv.New64a()
		_, _ = h.Write([]byte(s.id + "#" + strconv.Itoa(n) + "#" + c.name))
		return "call_" + strconv.FormatUint(h.Sum64(), 36)
	}
	for _, other := range s.calls[:n] {
		if other.key == c.key {
			return c.key + "_" + strconv.Itoa(n)
		}
	}
	return c.key
}

// functionCall reads the older function_call: one call without an id.
func (s *state) functionCall(v rawjson.Value) {
	if v.Kind() != rawjson.Object {
		return
	}
	if s.legacy == nil {
		s.legacy = s.newCall(-1)
	}
	if name, _ := v.Get("name").Text(); !s.legacy.opened {
		s.legacy.name = orElse(s.legacy.name, name)
	}
	s.feed(s.legacy, v.Get("arguments"))
}

// clone copies a value out of a frame, which does not last.
func clone(v rawjson.Value) json.RawMessage { return slices.Clone(v.Raw()) }
