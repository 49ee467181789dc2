// Package bedrock carries requests to Amazon Bedrock by the AWS SDK's
// bedrockruntime client, which signs them, finds the endpoint and the
// credentials, and knows the operations' paths.
//
// The SDK carries bytes: our own JSON body takes the place of the one that it
// would write, and the raw answer is taken before it would be read, so that the
// SDK's types, which know less than the service, lose nothing in either
// direction. Its retries are off: when and where to try again is the
// pipeline's to say.
//
// Claude on Bedrock, for callers of Anthropic's dialect, goes by InvokeModel.
// What Bedrock puts around Anthropic's messages there is taken off here, so
// that the dialect is the same as with Anthropic: each chunk of a stream is a
// frame that holds one event, and exceptions are Anthropic's error objects; see
// shell. What Bedrock wants in the request (the version in the body, neither
// model nor stream) is the dialect's, by a quirk of the provider's row.
//
// The package stands alone so that programs without Bedrock do not link the
// SDK.
package bedrock

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/provider"
	"weir/lib/provider/upstream"
)

const opSend = "bedrock.Send"

// Paths of the operations, as the offers of the provider's row and the
// dialects write them. A streamed PathInvoke is InvokeModelWithResponseStream.
const (
	PathConverse = "/converse"
	PathStream   = "/converse-stream"
	PathInvoke   = "/invoke"
	PathCount    = "/count-tokens"
)

// Load reads the AWS configuration for a region: the chain of credentials, the
// account's settings. config.LoadDefaultConfig is the real one.
type Load func(ctx context.Context, opts ...func(*config.LoadOptions) error) (aws.Config, error)

// Static is a Load without an environment: the credentials are given, and
// nothing else is read. It is for emulators and tests.
func Static(accessKey, secretKey string) Load {
	return func(_ context.Context, opts ...func(*config.LoadOptions) error) (aws.Config, error) {
		var o config.LoadOptions
		for _, opt := range opts {
			if err := opt(&o); err != nil {
				return aws.Config{}, err
			}
		}
		return aws.Config{Region: o.Region, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey, Source: "static"}, nil
		})}, nil
	}
}

// Transport is the upstream.Transport over the SDK's client. Safe for
// concurrent use.
type Transport struct {
	load      Load
	userAgent string
	getenv    func(string) (string, bool)

	mu    sync.Mutex
	slots map[place]*slot
}

// New returns a Transport that names itself userAgent beside what the SDK says
// of itself. Nothing is read or asked before the first request. load is
// config.LoadDefaultConfig, and getenv os.LookupEnv, outside tests.
func New(load Load, getenv func(string) (string, bool), userAgent string) *Transport {
	return &Transport{load: load, getenv: getenv, userAgent: userAgent, slots: map[place]*slot{}}
}

// Close drops idle connections.
func (t *Transport) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.slots {
		if c := s.client.Load(); c != nil {
			c.http.CloseIdleConnections()
		}
	}
}

// Send implements upstream.Transport. The connect timeout ends when a
// connection is there, pooled or new; it does not bound the search for
// credentials. After that ctx alone bounds the attempt.
func (t *Transport) Send(ctx context.Context, to provider.Target, out llm.Outbound, stream bool) (*upstream.Reply, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	reply, err := t.send(ctx, cancel, to, out, stream)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	reply.Body = upstream.Body(ctx, cancel, reply.Body)
	if out.Path == PathInvoke {
		return unshell(reply), nil
	}
	return reply, nil
}

func (t *Transport) send(ctx context.Context, cancel context.CancelCauseFunc, to provider.Target, out llm.Outbound, stream bool) (*upstream.Reply, error) {
	if !isModel(to.Model) {
		return nil, fault.Wrap(fault.TargetMissing, opSend, fmt.Errorf("no id or ARN of a model: %q", to.Model))
	}
	c, err := t.client(ctx, place{region: to.Endpoint.Region, baseURL: to.Endpoint.BaseURL})
	if err != nil {
		return nil, err
	}
	if err := c.authenticated(ctx); err != nil {
		return nil, err
	}
	ctx, connected := upstream.Connecting(ctx, cancel, to.Timeouts.Connect)
	defer connected()
	x := &exchange{http: c.http, body: out.Body, header: out.Header, userAgent: t.userAgent}
	if err := x.call(ctx, c.sdk, to.Model, out.Path, stream); err != nil {
		return nil, upstream.Classify(ctx, opSend, bare(err))
	}
	return upstream.NewReply(x.response, own(to.Endpoint.BaseURL, x.response.Request.URL)), nil
}

// isModel reports whether a name can be one of the service's: letters, digits,
// dots, colons, slashes, hyphens and underscores (the pattern of modelId in the
// API reference of Converse). Callers of a wildcard route choose it, and it is
// a part of the path that is signed.
func isModel(name string) bool {
	bad := strings.IndexFunc(name, func(c rune) bool {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		return !letter && !strings.ContainsRune(".:/-_", c)
	})
	if bad >= 0 {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if strings.Trim(part, ".") == "" { // a step in a path, or none
			return false
		}
	}
	return true
}

// own is the address of an endpoint of one's own: base_url, or what the
// environment put in the place of the service's public one.
func own(base string, sent *url.URL) string {
	if base != "" {
		return base
	}
	host := sent.Hostname()
	for _, public := range []string{".amazonaws.com", ".amazonaws.com.cn", ".api.aws"} {
		if strings.HasPrefix(host, "bedrock-runtime") && strings.HasSuffix(host, public) {
			return ""
		}
	}
	return sent.Scheme + "://" + sent.Host
}

// bare takes the SDK's words off an error, which name addresses.
func bare(err error) error {
	if sent, ok := errors.AsType[*sendError](err); ok {
		return sent.err
	}
	return fmt.Errorf("the SDK did not send the request: %T", rootOf(err))
}

// rootOf is the innermost error of err.
func rootOf(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// sendError is an error of the connection, which the SDK's own words surround.
type sendError struct{ err error }

func (e *sendError) Error() string { return e.err.Error() }
func (e *sendError) Unwrap() error { return e.err }

// Do sends the request that the SDK has made and signed. It implements the
// SDK's HTTPClient for one exchange: the body is our own bytes again, because
// the SDK closes the one it has as soon as the head of the answer is here.
func (x *exchange) Do(req *http.Request) (*http.Response, error) {
	req.Body = io.NopCloser(bytes.NewReader(x.body))
	req.ContentLength = int64(len(x.body))
	req.GetBody = nil
	req.Header.Set("User-Agent", strings.TrimSpace(x.userAgent+" "+req.Header.Get("User-Agent")))
	resp, err := x.http.Do(req) //nolint:gosec // the address is the configuration's or the SDK's
	if err != nil {
		return nil, &sendError{err}
	}
	return resp, nil
}
