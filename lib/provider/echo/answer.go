package echo

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"strings"
	"unicode/utf8"

	"weir/lib/dialect/echo"
	"weir/lib/llm"
	"weir/lib/tokens"
)

const (
	// dimensions of a vector where a request names no number.
	dimensions = 8
	// maxSteps bounds the events of a stream, and maxStep the bytes of one: a
	// large text must become neither millions of events nor a single one.
	maxSteps = 2000
	maxStep  = 8 << 10
)

// answer returns the steps of an answer, the last with Done.
func answer(req echo.Request) []echo.Answer {
	last := echo.Answer{Stop: string(llm.StopEnd), Usage: &echo.Usage{Input: req.InputTokens}, Done: true}
	if req.Inputs != nil {
		last.Stop = ""
		for _, in := range req.Inputs {
			last.Vectors = append(last.Vectors, vector(in, req))
		}
		return []echo.Answer{last}
	}
	text := req.Text
	if i, met := firstStop(text, req.Stop); i >= 0 {
		text, last.Stop, last.Met = text[:i], string(llm.StopSequence), met
	}
	if kept, cut := limit(text, req.MaxTokens); cut {
		text, last.Stop, last.Met = kept, string(llm.StopLength), ""
	}
	var c tokens.Counter
	c.Add(text)
	if req.Tool != "" && last.Stop != string(llm.StopLength) {
		last.Tool, last.Stop, last.Met = req.Tool, string(llm.StopTools), ""
		c.Add(req.Tool)
		c.Add("{}")
	}
	last.Usage.Output = c.Tokens()
	var steps []echo.Answer
	for _, words := range pieces(text) {
		steps = append(steps, echo.Answer{Text: words})
	}
	return append(steps, last)
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

// firstStop is where the first of the stop sequences stands, -1 for nowhere.
func firstStop(text string, stops []string) (at int, met string) {
	at = -1
	for _, s := range stops {
		if i := strings.Index(text, s); s != "" && i >= 0 && (at < 0 || i < at) {
			at, met = i, s
		}
	}
	return at, met
}

// limit cuts text to at most so many tokens, between runes; 0 is no limit.
func limit(text string, most int64) (kept string, cut bool) {
	if most <= 0 {
		return text, false
	}
	var c tokens.Counter
	for i := 0; i < len(text); {
		_, n := utf8.DecodeRuneInString(text[i:])
		if c.Add(text[i : i+n]); c.Tokens() > most {
			return text[:i], true
		}
		i += n
	}
	return text, false
}

// pieces cuts text behind blanks, word by word unless it is very long, and
// very long words between runes.
func pieces(text string) []string {
	words := strings.Count(text, " ")/maxSteps + 1 // in one piece
	var all []string
	for rest := text; rest != ""; {
		end := 0
		for range words {
			i := strings.IndexByte(rest[end:], ' ')
			if i < 0 {
				end = len(rest)
				break
			}
			end += i + 1
		}
		if end > maxStep {
			for end = maxStep; end > maxStep-utf8.UTFMax && !utf8.RuneStart(rest[end]); {
				end--
			}
		}
		all, rest = append(all, rest[:end]), rest[end:]
	}
	return all
}

// vector is a unit vector that depends on the input alone.
func vector(in string, req echo.Request) json.RawMessage {
	n := req.Dimensions
	if n == 0 {
		n = dimensions
	}
	v := make([]float64, n)
	var length float64
	seed := sha256.Sum256([]byte(in))
	for i := range v {
		sum := sha256.Sum256(binary.BigEndian.AppendUint32(seed[:len(seed):len(seed)], uint32(i)))
		v[i] = float64(binary.BigEndian.Uint32(sum[:]))/math.MaxUint32 - 0.5
		length += v[i] * v[i]
	}
	length = math.Sqrt(length)
	floats := make([]float32, n)
	for i := range v {
		floats[i] = float32(v[i] / length)
	}
	if !req.Base64 {
		return marshal(floats)
	}
	raw := make([]byte, 0, 4*n)
	for _, f := range floats {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(f))
	}
	return marshal(base64.StdEncoding.EncodeToString(raw))
}
