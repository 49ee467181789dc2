package bedrock_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"weir/lib/provider/upstream/bedrock"
)

// signedAgain is the signature that a request should have, made anew from what
// arrived: headers named in it, path and body.
func signedAgain(t *testing.T, r *http.Request, body []byte) string {
	t.Helper()
	_, list, _ := strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
	list, _, _ = strings.Cut(list, ",")
	again, err := http.NewRequestWithContext(t.Context(), r.Method, "http://"+r.Host+r.URL.EscapedPath(), bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.SplitSeq(list, ";") {
		switch name {
		case "host", "content-length", "x-amz-date":
		default:
			again.Header.Set(name, r.Header.Get(name))
		}
	}
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(body)
	err = v4.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey}, again, hex.EncodeToString(sum[:]), "bedrock", "eu-west-1", at)
	if err != nil {
		t.Fatal(err)
	}
	return again.Header.Get("Authorization")
}

// The signature covers the body that travels, and nothing changes after it was
// made.
func TestSignaturesAreRight(t *testing.T) {
	environment(t)
	var got, want, tier string
	base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got, want, tier = r.Header.Get("Authorization"), signedAgain(t, r, body), r.Header.Get("X-Amzn-Bedrock-Service-Tier")
		if r.Header.Get("X-Of-The-Caller") != "" {
			t.Error("a header that is none of the operation's travels")
		}
		_, _ = io.WriteString(w, "{}")
	}))
	for _, path := range []string{bedrock.PathConverse, bedrock.PathStream, bedrock.PathInvoke, bedrock.PathCount} {
		for _, model := range []string{model, "arn:aws:bedrock:eu-west-1:1:application-inference-profile/a_b"} {
			out := outbound(path, question)
			out.Header = http.Header{"X-Amzn-Bedrock-Service-Tier": {"flex"}, "X-Of-The-Caller": {"x"}}
			reply, err := transport(t).Send(t.Context(), target(base, model), out, path == bedrock.PathInvoke)
			if err != nil {
				t.Fatal(err)
			}
			reply.Body.Close()
			if got == "" || got != want || tier != "flex" || !strings.Contains(got, "x-amzn-bedrock-service-tier") {
				t.Errorf("%s: signed\n%s\nwant\n%s, tier %q", path, got, want, tier)
			}
		}
	}
}

// An API key of Bedrock travels as a bearer token, and by TLS alone.
func TestBearerTokens(t *testing.T) {
	environment(t, "AWS_BEARER_TOKEN_BEDROCK", "canary-token-0123456789", "AWS_ACCESS_KEY_ID", "", "AWS_SECRET_ACCESS_KEY", "")
	_, base := fake(t)
	if _, err := transport(t).Send(t.Context(), target(base, model), outbound(bedrock.PathConverse, question), false); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("a token in the clear: %v", err)
	}
}
