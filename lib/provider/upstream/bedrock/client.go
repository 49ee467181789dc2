package bedrock

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"

	"weir/lib/fault"
	"weir/lib/provider/upstream"
)

// place is what a client is made for.
type place struct{ region, baseURL string }

// client is one region's client, and the connections it uses.
type client struct {
	sdk   *bedrockruntime.Client
	http  *http.Client
	creds aws.CredentialsProvider // nil: requests carry a bearer token
}

// slot is where the client of a place is, once it was made.
type slot struct {
	client atomic.Pointer[client]
	turn   chan struct{} // holds a value while a call makes the client
}

// client returns the client of a place, a new one where there is none. Reading
// a configuration may take long, as where an instance's own service does not
// answer: one call does it for all of a place, which wait for it as long as
// their contexts allow. Where it fails, or gives up, the next in turn tries.
func (t *Transport) client(ctx context.Context, p place) (*client, error) {
	s := t.slot(p)
	if c := s.client.Load(); c != nil {
		return c, nil
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, upstream.Classify(ctx, opSend, ctx.Err())
	}
	if c := s.client.Load(); c != nil {
		return c, nil
	}
	c, err := t.open(ctx, p)
	if err != nil {
		return nil, err
	}
	s.client.Store(c)
	return c, nil
}

func (t *Transport) slot(p place) *slot {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.slots[p]
	if s == nil {
		s = &slot{turn: make(chan struct{}, 1)}
		t.slots[p] = s
	}
	return s
}

// authenticated makes sure that there are credentials, which the SDK keeps
// until they expire.
func (c *client) authenticated(ctx context.Context) error {
	if c.creds == nil {
		return nil
	}
	if _, err := c.creds.Retrieve(ctx); err != nil {
		if context.Cause(ctx) != nil {
			return upstream.Classify(ctx, opSend, err)
		}
		return &fault.Error{
			Kind: fault.TargetRefused, Op: opSend, Public: "The gateway has no credential for this provider.",
			Err: fmt.Errorf("AWS credentials: %T", rootOf(err)), // its text may name files and addresses
		}
	}
	return nil
}

// bearerToken is the variable of Bedrock's API keys, which the SDK's client
// reads by itself
// (docs.aws.amazon.com/bedrock/latest/userguide/api-keys-use.html).
const bearerToken = "AWS_BEARER_TOKEN_BEDROCK" //nolint:gosec // a name

func (t *Transport) open(ctx context.Context, p place) (*client, error) {
	var opts []func(*config.LoadOptions) error
	if p.region != "" {
		opts = append(opts, config.WithRegion(p.region))
	}
	cfg, err := t.load(ctx, opts...)
	if err != nil && context.Cause(ctx) != nil {
		return nil, upstream.Classify(ctx, opSend, err)
	}
	if err != nil {
		return nil, &fault.Error{Kind: fault.TargetRefused, Op: opSend, Public: "The gateway's AWS configuration cannot be read.", Err: fmt.Errorf("AWS configuration: %T", rootOf(err))}
	}
	c := &client{http: httpClient(cfg), creds: cfg.Credentials}
	if token, ok := t.getenv(bearerToken); ok && token != "" {
		c.creds = nil
	}
	c.sdk = bedrockruntime.NewFromConfig(cfg, func(o *bedrockruntime.Options) {
		o.Retryer = aws.NopRetryer{}
		o.RetryMaxAttempts = 0
		if p.baseURL != "" {
			o.BaseEndpoint = aws.String(p.baseURL)
		}
	})
	return c, nil
}

// httpClient makes the HTTP client, as upstream.HTTP has it, on the
// configuration's own certificates and proxies.
func httpClient(cfg aws.Config) *http.Client {
	build, ok := cfg.HTTPClient.(*awshttp.BuildableClient)
	if !ok {
		build = awshttp.NewBuildableClient()
	}
	tr := build.GetTransport()
	tr.ForceAttemptHTTP2 = true
	tr.MaxIdleConns, tr.MaxIdleConnsPerHost = 1024, 256
	tr.IdleConnTimeout, tr.TLSHandshakeTimeout = 90*time.Second, 10*time.Second
	tr.MaxResponseHeaderBytes = 256 << 10
	tr.DisableCompression = true // payloads are relayed byte for byte
	if tr.TLSClientConfig == nil {
		tr.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return &http.Client{
		Transport:     tr,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
