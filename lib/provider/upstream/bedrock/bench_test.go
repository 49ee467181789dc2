package bedrock_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"testing"

	"weir/lib/provider/upstream/bedrock"
	"weir/lib/wire/eventstream"
)

// One operation is one chunk of Claude's stream, from the socket to a frame.
func BenchmarkChunk(b *testing.B) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": accessKey, "AWS_SECRET_ACCESS_KEY": secretKey, "AWS_EC2_METADATA_DISABLED": "true", "AWS_CA_BUNDLE": "",
	} {
		b.Setenv(name, value)
	}
	inner := `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" level"}}`
	one := eventstream.AppendEvent(nil, "chunk", fmt.Appendf(nil, `{"bytes":%q,"p":"abcdefghijklmnopqrstuvwxyz"}`, base64.StdEncoding.EncodeToString([]byte(inner))))
	base := serve(b, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
		for range b.N {
			if _, err := w.Write(one); err != nil {
				return
			}
		}
	}))
	tr := bedrock.New(bedrock.Static(accessKey, secretKey), func(string) (string, bool) { return "", false }, "weir/test")
	defer tr.Close()
	reply, err := tr.Send(b.Context(), target(base, model), outbound(bedrock.PathInvoke, invoke), true)
	if err != nil {
		b.Fatal(err)
	}
	defer reply.Body.Close()
	b.ReportAllocs()
	r := eventstream.NewReader(reply.Body, 1<<20)
	for range b.N {
		if f, err := r.Next(); err != nil || len(f.Data) != len(inner) {
			b.Fatal(err)
		}
	}
	if _, err := r.Next(); err != io.EOF { //nolint:errorlint // the bare value is promised
		b.Fatal(err)
	}
}
