package rawjson_test

import (
	"encoding/json"
	"strings"
	"testing"

	"weir/lib/wire/rawjson"
)

func documents() map[string][]byte {
	msg := `{"role":"user","content":"` + strings.Repeat("How does a weir hold a river to its level? ", 40) + `"}`
	return map[string][]byte{
		"chunk": []byte(`{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1795514700,"model":"gpt-4o-mini","choices":[{"index":0,"delta":{"content":" level"},"logprobs":null,"finish_reason":null}],"usage":null}`),
		"2KB":   []byte(`{"model":"m","messages":[` + msg + `]}`),
		"200KB": []byte(`{"model":"m","messages":[` + strings.Repeat(msg+",", 110) + msg + `]}`),
		"6MB":   []byte(`{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,` + strings.Repeat("iVBORw0KGgo", 550000) + `"}}]}]}`),
	}
}

func BenchmarkParse(b *testing.B) {
	for _, name := range []string{"chunk", "2KB", "200KB", "6MB"} {
		data := documents()[name]
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			var d rawjson.Doc
			for b.Loop() {
				if err := d.Parse(data, rawjson.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/encoding-json-Valid", func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if !json.Valid(data) {
					b.Fatal("invalid")
				}
			}
		})
	}
}
