package gateway

import (
	"errors"

	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/provider/upstream"
)

// hiding is s whose errors, and the frames beside them, show no secrets: those
// of a provider may be shown to callers, who see content as it came.
func hiding(s llm.Stream, secrets upstream.Secrets) llm.Stream {
	return func(yield func(llm.Chunk, error) bool) {
		for c, err := range s {
			if err != nil {
				c.Frame.Data, err = secrets.Redact(c.Frame.Data), hide(err, secrets)
			}
			if !yield(c, err) {
				return
			}
		}
	}
}

// hide takes secrets out of what of err callers and logs may show.
func hide(err error, secrets upstream.Secrets) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return err
	}
	out := *f
	out.Public, out.Param = secrets.RedactText(f.Public), secrets.RedactText(f.Param)
	if f.Upstream != nil {
		up := *f.Upstream
		up.Body = secrets.Redact(up.Body)
		out.Upstream = &up
	}
	if f.Err != nil {
		if text := f.Err.Error(); secrets.RedactText(text) != text {
			out.Err = errors.New(secrets.RedactText(text))
		}
	}
	return &out
}
