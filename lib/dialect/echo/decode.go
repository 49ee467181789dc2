package echo

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"weir/lib/dialect"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/wire"
)

// Unary reads a whole answer.
func (Back) Unary(_ llm.Op, _ llm.Outbound, t dialect.Target, body []byte) (llm.Chunk, error) {
	const op = "echo.Unary"
	var a Answer
	if err := json.Unmarshal(body, &a); err != nil {
		return llm.Chunk{}, fault.Wrap(fault.TargetFailed, op, errors.New("not an answer"))
	}
	if !a.Done {
		return llm.Chunk{}, fault.Wrap(fault.TargetFailed, op, errors.New("the answer is not whole"))
	}
	d := decoder{model: t.Model}
	events, err := d.events(a)
	if err != nil {
		return llm.Chunk{}, fault.Wrap(fault.TargetFailed, op, err)
	}
	return llm.Chunk{Frame: llm.Frame{Dialect: Name, Data: body}, Events: events}, nil
}

// Stream reads a streamed answer.
func (Back) Stream(_ llm.Op, _ llm.Outbound, t dialect.Target, frames wire.Frames) llm.Stream {
	const op = "echo.Stream"
	return func(yield func(llm.Chunk, error) bool) {
		d := decoder{model: t.Model}
		for f, err := range frames {
			if err != nil {
				yield(llm.Chunk{}, classified(op, err))
				return
			}
			var a Answer
			if err := json.Unmarshal(f.Data, &a); err != nil {
				yield(llm.Chunk{}, fault.Wrap(fault.TargetFailed, op, errors.New("not an answer")))
				return
			}
			events, err := d.events(a)
			if err != nil {
				yield(llm.Chunk{}, fault.Wrap(fault.TargetFailed, op, err))
				return
			}
			if !yield(llm.Chunk{Frame: llm.Frame{Dialect: Name, Data: f.Data}, Events: events}, nil) || a.Done {
				return
			}
		}
		yield(llm.Chunk{}, fault.New(fault.Truncated, op, ""))
	}
}

// classified gives err a kind where it has none: unclassified means failover.
func classified(op string, err error) error {
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	return fault.Wrap(fault.TargetFailed, op, err)
}

// Refusal classifies an answer whose status is not 2xx.
func (Back) Refusal(status int, h http.Header, body []byte) *fault.Error {
	var a Answer
	_ = json.Unmarshal(body, &a) // the status alone says enough
	e := fault.Wrap(fault.TargetFailed, "echo.Refusal", fmt.Errorf("%s: %s", http.StatusText(status), a.Error))
	if status == http.StatusServiceUnavailable {
		e.Kind = fault.TargetThrottled
	}
	if s, err := strconv.Atoi(h.Get("Retry-After")); err == nil && s > 0 {
		e.RetryAfter = time.Duration(s) * time.Second
	}
	return e
}

// decoder turns steps into events. The text is block 0, a tool's call the
// block after it.
type decoder struct {
	model         string
	started, text bool
	stopped       bool
	next          int
}

// events reads one step. A step that cannot follow the ones before it means
// that the answer is not what it seems.
func (d *decoder) events(a Answer) ([]llm.Event, error) {
	if err := d.check(a); err != nil {
		return nil, err
	}
	var out []llm.Event
	if !d.started {
		d.started = true
		out = append(out, llm.Started{ID: a.ID, Model: d.model})
	}
	if a.Text != "" || a.Stop != "" && a.Tool == "" && d.next == 0 { // an empty answer is an empty block
		out = append(out, d.say(a.Text)...)
	}
	if d.text && (a.Tool != "" || a.Stop != "") {
		d.text = false
		out = append(out, llm.Closed{Index: 0})
	}
	if a.Tool != "" {
		out = append(
			out, llm.Opened{Index: d.next, Block: &llm.ToolUse{CallID: "call_echo", Name: a.Tool}},
			llm.Delta{Index: d.next, Text: "{}"}, llm.Closed{Index: d.next},
		)
		d.next++
	}
	if a.Vectors != nil {
		out = append(out, llm.Vectors{Raw: a.Vectors})
	}
	if a.Stop != "" {
		reason, err := stopReason(a.Stop)
		if err != nil {
			return nil, err
		}
		d.stopped = true
		out = append(out, llm.Stopped{Reason: reason, Sequence: a.Met, Raw: a.Stop})
	}
	if a.Usage != nil {
		out = append(out, llm.Used{Usage: llm.Usage{Input: a.Usage.Input, Output: a.Usage.Output}})
	}
	if a.Done {
		out = append(out, llm.Finished{})
	}
	return out, nil
}

// check reports why a cannot come now.
func (d *decoder) check(a Answer) error {
	switch {
	case a.Error != "":
		return errors.New("an error within the answer")
	case d.stopped && (a.Text != "" || a.Tool != "" || a.Stop != ""), a.Text != "" && !d.text && d.next > 0:
		return errors.New("content after the end of its block")
	case a.Done && (a.Usage == nil || a.Stop == "" && a.Vectors == nil && !d.stopped):
		return errors.New("an end without usage or a reason")
	}
	return nil
}

// say adds to the text.
func (d *decoder) say(text string) []llm.Event {
	var out []llm.Event
	if !d.text {
		d.text, d.next = true, 1
		out = append(out, llm.Opened{Index: 0, Block: &llm.Text{}})
	}
	if text != "" {
		out = append(out, llm.Delta{Index: 0, Text: text})
	}
	return out
}

func stopReason(s string) (llm.StopReason, error) {
	switch r := llm.StopReason(s); r {
	case llm.StopEnd, llm.StopLength, llm.StopTools, llm.StopSequence:
		return r, nil
	case llm.StopRefusal, llm.StopFilter, llm.StopPause, llm.StopContext:
	}
	return "", fmt.Errorf("echo does not stop for %q", s)
}
