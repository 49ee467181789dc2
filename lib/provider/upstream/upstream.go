// Package upstream sends requests to providers. It is the only package with
// outbound HTTP.
package upstream

import (
	"context"
	"io"
	"net/http"

	"weir/lib/llm"
	"weir/lib/provider"
)

// Reply is a provider's answer, head first. The body must be closed.
type Reply struct {
	Status    int
	Header    http.Header
	RequestID string // the provider's own id of the request
	Body      io.ReadCloser
	// Secrets must be taken out of what the answer says of errors before a
	// caller sees it. Those of a refusal are out already.
	Secrets Secrets
}

// Transport sends one attempt. It adds the credential, and never retries or
// follows redirects. An answer of any status is a Reply; an error means that
// none came and is a *fault.Error: TargetTimeout, TargetFailed, TargetRefused
// (no credential), or the context's cause where that is one.
type Transport interface {
	Send(ctx context.Context, t provider.Target, out llm.Outbound, stream bool) (*Reply, error)
}
