package upstream

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
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
	reply.Body = &body{ctx: ctx, cancel: cancel, r: reply.Body}
	return reply, nil
}

func (h *HTTP) send(ctx context.Context, cancel context.CancelCauseFunc, t provider.Target, out llm.Outbound, stream bool) (*Reply, error) {
	const op = "upstream.Send"
	if t.Timeouts.Connect > 0 {
		timer := time.AfterFunc(t.Timeouts.Connect, func() {
			cancel(&fault.Error{Kind: fault.TargetTimeout, Op: op, Public: "The provider could not be reached in time.", Err: errors.New("connect timeout")})
		})
		defer timer.Stop()
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { timer.Stop() }})
	}
	req, err := h.request(ctx, t, out, stream)
	if err != nil {
		return nil, err
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return nil, classify(ctx, op, err)
	}
	return &Reply{Status: resp.StatusCode, Header: resp.Header, RequestID: requestID(resp.Header), Body: redact(resp)}, nil
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

// requestID is the provider's own id under the names vendors use.
func requestID(h http.Header) string {
	for _, name := range []string{"X-Request-Id", "Request-Id", "X-Amzn-Requestid"} {
		if v := h.Get(name); v != "" && len(v) <= 256 {
			return v
		}
	}
	return ""
}

// classify turns a failed exchange into a fault: the context's own cause where
// it has one, else by what went wrong.
func classify(ctx context.Context, op string, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		if f, ok := errors.AsType[*fault.Error](cause); ok {
			return f
		}
		if errors.Is(cause, context.DeadlineExceeded) {
			return fault.Wrap(fault.TargetTimeout, op, cause)
		}
		return fault.Wrap(fault.ClientGone, op, cause)
	}
	var ne net.Error
	if errors.As(err, &ne) && ne.Timeout() {
		return fault.Wrap(fault.TargetTimeout, op, scrub(err))
	}
	return fault.Wrap(fault.TargetFailed, op, scrub(err))
}

// scrub keeps the reason of a network error and drops the addresses in it:
// logs must not show where providers live.
func scrub(err error) error {
	var (
		dns *net.DNSError
		ope *net.OpError
		ue  *url.Error
	)
	switch {
	case errors.As(err, &dns):
		return errors.New("look-up of the provider's host: " + dns.Err)
	case errors.As(err, &ope):
		return errors.New(ope.Op + ": " + ope.Err.Error())
	case errors.As(err, &ue):
		return ue.Err
	}
	return err
}

// body ends the attempt's context when it is closed, and reports a context's
// cause instead of the read error that follows from it.
type body struct {
	ctx    context.Context //nolint:containedctx // it is the body's own, ended by Close
	cancel context.CancelCauseFunc
	r      io.ReadCloser
	ended  bool // by its end or by an error
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err == nil {
		return n, nil
	}
	b.ended = true
	if errors.Is(err, io.EOF) {
		return n, io.EOF
	}
	if context.Cause(b.ctx) != nil {
		return n, classify(b.ctx, "upstream.Read", err)
	}
	return n, fault.Wrap(fault.Truncated, "upstream.Read", scrub(err))
}

// How long and how far Close reads on for the end of a body. A stream's last
// event comes just before the body's end, and a connection whose body was not
// read to its end cannot be used again.
const (
	lingerTime  = 20 * time.Millisecond
	lingerBytes = 4 << 10
)

// Close releases the connection: to the pool if the body ends here, else it is
// cut.
func (b *body) Close() error {
	if !b.ended && context.Cause(b.ctx) == nil {
		timer := time.AfterFunc(lingerTime, func() { b.cancel(nil) })
		// Whatever the reason that it does not end: the connection is cut then.
		_, _ = io.CopyN(io.Discard, b.r, lingerBytes)
		timer.Stop()
	}
	b.cancel(nil)
	return b.r.Close()
}
