package sdktest_test

import (
	"context"
	"net/http"
	"time"
)

// wish is a request in words of neither API.
type wish struct {
	system   []piece
	turns    []speech
	tools    []tool
	toolMark string // life of a cache mark on the last tool
	choice   string // of a tool: auto, none, required or a tool's name
	single   bool   // one call at a time
	schema   map[string]any
	anyJSON  bool // JSON of no schema
	most     int64
	// temperature and topP are absent where they are 0.
	temperature, topP float64
	topK              int64
	stop              []string
	effort            string
	budget            int64 // of thinking
	tier, user        string
	strict            bool           // nothing may be lost
	extra             map[string]any // members of the client's own API
}

// speech is a message. It is said, or an answer as the SDK gives it back.
type speech struct {
	role   string // user or assistant
	pieces []piece
	answer *reply
	bare   bool // answer without its thinking
}

// piece is a part of a message; one of the first group is set.
type piece struct {
	text     string
	image    string // base64 of a PNG
	imageURL string
	pdf      string // base64
	note     string // a document of plain text
	result   *outcome

	mark string // life of a cache mark behind it
}

// outcome is what a tool answered.
type outcome struct {
	id, text string
	image    string // base64 of a PNG
	failed   bool
}

func says(text string) speech       { return speech{role: "user", pieces: []piece{{text: text}}} }
func said(text string) speech       { return speech{role: "assistant", pieces: []piece{{text: text}}} }
func shows(p ...piece) speech       { return speech{role: "user", pieces: p} }
func again(r reply) speech          { return speech{role: "assistant", answer: &r} }
func results(all ...outcome) speech { return speech{role: "user", pieces: pieced(all)} }

func pieced(all []outcome) []piece {
	var out []piece
	for i := range all {
		out = append(out, piece{result: &all[i]})
	}
	return out
}

// asks asks one question.
func asks(text string) wish { return wish{turns: []speech{says(text)}} }

// script is what a provider answers, in words of none.
type script struct {
	thinking, redacted, text, refusal string
	calls                             []call
	mixed                             bool   // pieces of parallel calls alternate
	noise                             bool   // comments or pings stand between the events
	end                               string // length, context, filter, pause, unknown; follows from the rest if empty
	sequence                          string // that was met
	usage                             spent
	tier                              string

	wrong      string // a row of wrongs; the answer is that error
	after      int    // it comes behind so many pieces
	cut, stall int    // bytes, pieces
	page       bool   // a web page, with status 200
	delay      time.Duration
	late       time.Duration // before the head
	header     http.Header
}

// spent is what an answer reports, in parts that are all disjoint but
// Reasoning, which is part of Output.
type spent struct{ Input, CacheRead, CacheWrite5m, CacheWrite1h, Output, Reasoning int64 }

// reply is what an application gets from its SDK.
type reply struct {
	text, thinking, refusal string
	seals                   []string // signatures, and redacted thinking
	calls                   []call
	end, sequence           string // as the API has it
	id, model, tier         string
	usage                   reported
	native                  any // the SDK's own, to be sent back
	events                  int

	err     error
	problem *problem // err as the SDK's own type
	exchange
}

// reported is usage as an API tells it: input has all that was read, cached and
// written are parts of it.
type reported struct{ Input, Cached, Written, Output, Reasoning int64 }

// problem is an API error as an SDK gives it to an application.
type problem struct {
	status                     int // 0 inside a stream
	kind, code, param, message string
	raw                        string
	header                     http.Header
}

// speaker is a client of one gateway, with one SDK.
type speaker interface {
	// ask asks and reads the answer to its end. goOn, if not nil, is called
	// after each event of a stream with their number so far; when it says
	// false the stream is closed.
	ask(ctx context.Context, model string, w wish, stream bool, goOn func(events int) bool) reply
	// forged is the native of an answer, its first seal replaced.
	forged(r reply, seal string) any
}

// counter is a speaker whose API counts the tokens of requests.
type counter interface {
	count(ctx context.Context, model string, w wish) (int64, error)
}

// client is one SDK.
type client struct {
	name   string
	title  string // on the page
	module string
	front  string // chat or messages: the API it speaks
	open   func(a access) speaker
}

// clients are the columns of the matrix, each before every target.
var clients = []client{
	{"v1", "openai-go v1", "github.com/openai/openai-go", "chat", chatSpeakers(versions[0])},
	{"v3", "openai-go v3", "github.com/openai/openai-go/v3", "chat", chatSpeakers(versions[1])},
	{"anthropic", "anthropic-sdk-go v1", "github.com/anthropics/anthropic-sdk-go", "messages", openClaude},
	{"anthropic2", "anthropic-sdk-go v2", "github.com/anthropics/anthropic-sdk-go/v2", "messages", openClaude2},
}
