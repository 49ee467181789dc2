// Package echo is the built-in provider: it answers with what it was asked,
// without a network and without an account. The model echo/slow pauses before
// each word, so that streams can be watched.
package echo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"time"

	"weir/lib/dialect/echo"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/provider"
	"weir/lib/provider/upstream"
	"weir/lib/tokens"
)

// ModelSlow is the model that pauses for Pause before each word.
const ModelSlow = "slow"

// Pause is how long ModelSlow waits.
const Pause = 200 * time.Millisecond

// Vectors have so many components where a request names no number, and at most
// maxDimensions.
const (
	dimensions    = 8
	maxDimensions = 4096
)

// Transport answers requests in the echo dialect. The zero value is ready;
// safe for concurrent use.
type Transport struct{}

var _ upstream.Transport = Transport{}

// Send implements upstream.Transport.
func (Transport) Send(ctx context.Context, _ provider.Target, out llm.Outbound, stream bool) (*upstream.Reply, error) {
	const op = "echo.Send"
	var req echo.Request
	if err := json.Unmarshal(out.Body, &req); err != nil {
		return nil, fault.Wrap(fault.TargetFailed, op, errors.New("not an echo request"))
	}
	steps, err := answer(req)
	if err != nil {
		return nil, err
	}
	h := http.Header{"Content-Type": {"application/json"}}
	var body io.ReadCloser
	if stream {
		h.Set("Content-Type", "text/event-stream")
		s := &steady{ctx: ctx, steps: steps}
		if req.Model == ModelSlow {
			s.pause = Pause
		}
		body = s
	} else {
		whole, err := json.Marshal(join(steps))
		if err != nil {
			return nil, fault.Wrap(fault.Internal, op, err)
		}
		body = io.NopCloser(bytes.NewReader(whole))
	}
	return &upstream.Reply{Status: http.StatusOK, Header: h, RequestID: id(out.Body), Body: body}, nil
}

// id is the same for the same request.
func id(body []byte) string {
	sum := sha256.Sum256(body)
	return fmt.Sprintf("echo-%x", sum[:8])
}

// answer returns the steps of an answer, the last with Done.
func answer(req echo.Request) ([]echo.Answer, error) {
	last := echo.Answer{Stop: string(llm.StopEnd), Usage: &echo.Usage{Input: req.InputTokens}, Done: true}
	if req.Inputs != nil {
		last.Stop = ""
		for _, in := range req.Inputs {
			v, err := vector(in, req)
			if err != nil {
				return nil, err
			}
			last.Vectors = append(last.Vectors, v)
		}
		return []echo.Answer{last}, nil
	}
	var steps []echo.Answer
	var text strings.Builder
	for _, word := range strings.SplitAfter(req.Text, " ") {
		if req.MaxTokens > 0 && tokens.Text(text.String()+word) > req.MaxTokens {
			last.Stop = string(llm.StopLength)
			break
		}
		text.WriteString(word)
		steps = append(steps, echo.Answer{Text: word})
	}
	last.Usage.Output = tokens.Text(text.String())
	if req.Tool != "" && last.Stop != string(llm.StopLength) {
		last.Tool, last.Stop = req.Tool, string(llm.StopTools)
		last.Usage.Output += tokens.Text(req.Tool + "{}")
	}
	return append(steps, last), nil
}

// join makes one answer of the steps.
func join(steps []echo.Answer) echo.Answer {
	whole := steps[len(steps)-1]
	var text strings.Builder
	for _, s := range steps {
		text.WriteString(s.Text)
	}
	whole.Text = text.String()
	return whole
}

// vector is a unit vector that depends on the input alone.
func vector(in string, req echo.Request) (json.RawMessage, error) {
	n := req.Dimensions
	if n == 0 {
		n = dimensions
	}
	if n < 0 || n > maxDimensions {
		return nil, &fault.Error{Kind: fault.Invalid, Op: "echo.vector", Param: "dimensions",
			Public: fmt.Sprintf("echo makes vectors of 1 to %d dimensions.", maxDimensions)}
	}
	v := make([]float64, n)
	var length float64
	for i := range v {
		sum := sha256.Sum256(fmt.Appendf(nil, "%d %s", i, in))
		v[i] = float64(binary.BigEndian.Uint32(sum[:]))/math.MaxUint32 - 0.5
		length += v[i] * v[i]
	}
	length = math.Sqrt(length)
	floats := make([]float32, n)
	for i := range v {
		floats[i] = float32(v[i] / length)
	}
	if !req.Base64 {
		return json.Marshal(floats)
	}
	var raw bytes.Buffer
	if err := binary.Write(&raw, binary.LittleEndian, floats); err != nil {
		return nil, fault.Wrap(fault.Internal, "echo.vector", err)
	}
	return json.Marshal(base64.StdEncoding.EncodeToString(raw.Bytes()))
}

// steady is a stream's body: one event per step, each after a pause.
type steady struct {
	ctx   context.Context //nolint:containedctx // a body has no other way to learn that its request ended
	steps []echo.Answer
	pause time.Duration
	rest  []byte // of the event being read
}

func (s *steady) Read(p []byte) (int, error) {
	if len(s.rest) == 0 {
		if len(s.steps) == 0 {
			return 0, io.EOF
		}
		if err := s.wait(); err != nil {
			return 0, err
		}
		event, err := json.Marshal(s.steps[0])
		if err != nil {
			return 0, err
		}
		s.rest = fmt.Appendf(nil, "data: %s\n\n", event)
		s.steps = s.steps[1:]
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// wait pauses, or returns the cause that ended the request.
func (s *steady) wait() error {
	if s.pause == 0 {
		return context.Cause(s.ctx)
	}
	t := time.NewTimer(s.pause)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-s.ctx.Done():
		return context.Cause(s.ctx)
	}
}

func (s *steady) Close() error { return nil }
