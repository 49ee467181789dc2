package sdktest_test

import (
	"context"
	"flag"
	"net/http"
	"testing"

	"go.uber.org/goleak"
)

// TestMain runs more tests at once than there are processors, because most of
// them wait.
func TestMain(m *testing.M) {
	flag.Parse()
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		_ = flag.Set("test.parallel", "8") // it is a number
	}
	goleak.VerifyTestMain(m)
}

// versions are the SDKs under test. What is below is the part of them that the
// tests use, in words of neither.
var versions = []version{{"v1", openV1}, {"v3", openV3}}

// version is one major version of the SDK.
type version struct {
	name string
	open func(access) sdk
}

// access is how a client is set up. Retries is the SDK's own setting.
type access struct {
	url, key string // url ends in /v1
	client   *http.Client
	retries  int
}

// each runs a test with every version of the SDK.
func each(t *testing.T, test func(t *testing.T, v version)) {
	t.Helper()
	for _, v := range versions {
		t.Run(v.name, func(t *testing.T) { test(t, v) })
	}
}

// sdk is a client of one server.
type sdk interface {
	// chat asks for a whole answer.
	chat(ctx context.Context, a ask) (answer, error)
	// stream asks for a streamed one and reads it to its end. goOn, if not nil,
	// is called after each chunk with their number so far; when it says false
	// the stream is closed.
	stream(ctx context.Context, a ask, goOn func(chunks int) bool) streamed
	embed(ctx context.Context, a embedAsk) (vectors, error)
	// models lists all models, page by page.
	models(ctx context.Context) ([]model, error)
	model(ctx context.Context, id string) (model, error)
	// get asks for a path that the SDK has no method for.
	get(ctx context.Context, path string, into any) error
	// failure is what the SDK says of a failed call in its own type of error;
	// ok is false for an error of any other type.
	failure(err error) (f failure, ok bool)
}

// ask is a chat request.
type ask struct {
	model    string
	messages []message // nil sends none, empty an empty list
	tools    []tool
	choice   string // of a tool: auto, none, required or a tool's name
	schema   map[string]any

	maxCompletionTokens, n, seed, topLogprobs int64
	logprobs, usage, oneTool                  bool // oneTool: no parallel calls
	stop                                      []string
	effort                                    string
	extra                                     map[string]any // more members, as they are
}

// message is one of a request. One of text, parts, answer and result is set.
type message struct {
	role   string // system, developer, user, assistant
	text   string
	parts  []part
	answer *answer // an assistant's, as the SDK turns an answer into a message
	result *result
	extra  map[string]any
}

type part struct {
	text, image string // image is a URL
	detail      string // of image
	file, name  string // file is a URL of data
	extra       map[string]any
}

// result is what a tool answered.
type result struct{ callID, text string }

type tool struct {
	name, description string
	parameters        map[string]any
	extra             map[string]any
}

func user(text string) message { return message{role: "user", text: text} }

// ask1 asks one question.
func ask1(model, question string) ask { return ask{model: model, messages: []message{user(question)}} }

// answer is a chat answer, whole or accumulated by the SDK.
type answer struct {
	ID, Model, Object, Tier, Fingerprint string
	Created                              int64
	Choices                              []choice
	Usage                                usage
	hasUsage                             bool
	native                               any    // the SDK's own value
	raw                                  string // a whole answer as JSON
}

type choice struct {
	Index                                    int64
	Role, Content, Refusal, Finish, Thinking string // Thinking is reasoning_content, as JSON
	Calls                                    []call
	Probs                                    []prob
}

type call struct{ ID, Type, Name, Arguments string }

type prob struct {
	Token   string
	Logprob float64
	Top     []string
}

type usage struct{ Prompt, Completion, Total, Cached, AudioIn, AudioOut, Reasoning int64 }

// plain is u without the details, which accumulators do not all add up.
func (u usage) plain() usage {
	return usage{Prompt: u.Prompt, Completion: u.Completion, Total: u.Total}
}

// streamed is a streamed answer, as far as it came.
type streamed struct {
	answer            // by the SDK's accumulator
	thinking string   // reasoning_content, which no accumulator knows
	chunks   []string // as JSON
	usages   int      // chunks with usage
	bare     int      // of them, those without choices
	finished []call   // as the accumulator told them
	refused  bool     // it refused a chunk
	err      error
}

type embedAsk struct {
	model      string
	input      []string
	tokens     [][]int64
	dimensions int64
	encoding   string
}

// vectors are embeddings; raw is each as JSON.
type vectors struct {
	Model string
	Data  [][]float64
	Raw   []string
	Usage usage
}

type model struct {
	ID, Object, OwnedBy string
	Created             int64
}

// failure is an API error as the SDK gives it to an application.
type failure struct {
	Status                     int // 0 inside a stream
	Type, Code, Param, Message string
	raw                        string
	header                     http.Header
	inStream                   bool
}
