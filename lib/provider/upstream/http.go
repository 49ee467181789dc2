package upstream

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"time"

	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/provider"
	"weir/lib/provider/credential"
)

// HTTP is the Transport over HTTP. Hosts come from the configuration alone,
// redirects are not followed, and nothing is sent twice. Safe for concurrent
// use.
type HTTP struct {
	client    *http.Client
	creds     credential.Source
	userAgent string
}

// NewHTTP returns a Transport that takes credentials from creds and names
// itself userAgent.
func NewHTTP(creds credential.Source, userAgent string) *HTTP {
	return &HTTP{
		creds:     creds,
		userAgent: userAgent,
		client: &http.Client{
			Transport: &http.Transport{
				Proxy:                  http.ProxyFromEnvironment,
				ForceAttemptHTTP2:      true,
				MaxIdleConns:           1024,
				MaxIdleConnsPerHost:    256,
				IdleConnTimeout:        90 * time.Second,
				TLSHandshakeTimeout:    10 * time.Second,
				MaxResponseHeaderBytes: 256 << 10,
				DisableCompression:     true, // payloads are relayed byte for byte
				TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Close drops idle connections.
func (h *HTTP) Close() { h.client.CloseIdleConnections() }

// Send implements Transport. The connect timeout ends when a connection is
// there, pooled or new; after that ctx alone bounds the attempt.
func (h *HTTP) Send(ctx context.Context, t provider.Target, out llm.Outbound, stream bool) (*Reply, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	reply, err := h.send(ctx, cancel, t, out, stream)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	reply.Body = Body(ctx, cancel, reply.Body)
	return reply, nil
}

func (h *HTTP) send(ctx context.Context, cancel context.CancelCauseFunc, t provider.Target, out llm.Outbound, stream bool) (*Reply, error) {
	const op = "upstream.Send"
	ctx, connected := Connecting(ctx, cancel, t.Timeouts.Connect)
	defer connected()
	req, err := h.request(ctx, t, out, stream)
	if err != nil {
		return nil, err
	}
	resp, err := h.client.Do(req) //nolint:bodyclose // the body is the reply's, and its caller closes it
	if err != nil {
		return nil, Classify(ctx, op, err)
	}
	own := ""
	if t.Endpoint.BaseURL != t.Endpoint.Row.BaseURL {
		own = t.Endpoint.BaseURL
	}
	return NewReply(resp, own), nil
}

func (h *HTTP) request(ctx context.Context, t provider.Target, out llm.Outbound, stream bool) (*http.Request, error) {
	const op = "upstream.Send"
	u, err := url.Parse(t.Endpoint.BaseURL + out.Path)
	if err != nil {
		return nil, &fault.Error{Kind: fault.TargetFailed, Op: op, Err: errors.New("the provider's address cannot be parsed")}
	}
	if len(out.Query) > 0 {
		u.RawQuery = out.Query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(out.Body))
	if err != nil {
		return nil, &fault.Error{Kind: fault.TargetFailed, Op: op, Err: errors.New("the provider's address cannot be used")}
	}
	maps.Copy(req.Header, out.Header)
	for name, value := range t.Endpoint.Row.Headers {
		req.Header.Set(name, value)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", h.userAgent)
	req.Header.Set("Accept", "application/json")
	if stream {
		req.Header.Set("Accept", "text/event-stream")
	}
	return req, h.authorise(ctx, req, t)
}

// authorise adds the credential in the row's manner.
func (h *HTTP) authorise(ctx context.Context, req *http.Request, t provider.Target) error {
	const op = "upstream.authorise"
	if t.Endpoint.Credential.None || t.Endpoint.Row.Auth == "none" {
		return nil
	}
	secret, ok, err := h.creds.Lookup(ctx, t.Endpoint.Credential, false)
	switch {
	case err != nil:
		return fault.Wrap(fault.TargetRefused, op, err)
	case !ok && t.Endpoint.Row.Optional:
		return nil
	case !ok:
		return &fault.Error{Kind: fault.TargetRefused, Op: op, Public: "The gateway has no credential for this provider."}
	}
	if t.Endpoint.Row.Auth == "x-api-key" {
		req.Header.Set("X-Api-Key", secret.Reveal())
		return nil
	}
	req.Header.Set("Authorization", "Bearer "+secret.Reveal())
	return nil
}
