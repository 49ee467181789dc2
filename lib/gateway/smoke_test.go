package gateway_test

import (
	"strings"
	"testing"

	"weir/lib/testkit/fakeprovider"
	"weir/lib/testkit/rig"
)

// with is a gateway whose provider "p" is a fake one, as "p/*".
func with(t *testing.T, o rig.Options, settings string) (*rig.Rig, *fakeprovider.Provider) {
	t.Helper()
	p := fakeprovider.Start(t, fakeprovider.Options{Key: rig.Secret})
	o.Config = config(p.URL, settings)
	return rig.Start(t, o), p
}

func config(url, settings string) string {
	return `
version: 1
providers:
  echo: { kind: echo }
  p: { kind: openai, base_url: ` + url + ` }
models:
  "echo/*": echo/*
  "p/*": p/*
prices:
  "p/*": { input: 1.00, output: 4.00, cache_read: 0.25, audio_input: 10, audio_output: 20 }
settings:
  unknown_price: allow_unpriced
` + settings
}

const hello = `{"model":"p/gpt-4o-mini","messages":[{"role":"user","content":"hello"}]}`

func TestSmoke(t *testing.T) {
	r, p := with(t, rig.Options{}, "")
	for _, body := range []string{hello, strings.Replace(hello, "p/gpt-4o-mini", "echo/x", 1),
		strings.Replace(hello, `{`, `{"stream":true,`, 1), strings.Replace(strings.Replace(hello, "p/gpt-4o-mini", "echo/x", 1), `{`, `{"stream":true,`, 1)} {
		a := r.Must("/v1/chat/completions", body, "X-Weir-Tags", "use_case=faq,env=prod")
		t.Logf("%d %v\n%s", a.Status, a.Header, a.Body)
		t.Logf("%s", r.Must("/v1/usage/"+a.CallID(), "").Body)
	}
	t.Log(r.Must("/v1/models", "").Body)
	t.Log(p.Totals())
	t.Log(r.Log())
}
