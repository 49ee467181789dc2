package keys_test

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"weir/lib/admission/keys"
	"weir/lib/fault"
)

func TestFromHeader(t *testing.T) {
	one, two := generate(t, rand.Reader).Reveal(), generate(t, rand.Reader).Reveal()
	for name, tc := range map[string]struct {
		header     http.Header
		want, code string
	}{
		"bearer":                         {header: http.Header{"Authorization": {"Bearer " + one}}, want: one},
		"bearer in any case and spacing": {header: http.Header{"Authorization": {" bearer   " + one + " "}}, want: one},
		"x-api-key":                      {header: http.Header{"X-Api-Key": {one}}, want: one},
		"api-key":                        {header: http.Header{"Api-Key": {one}}, want: one},
		"x-goog-api-key":                 {header: http.Header{"X-Goog-Api-Key": {" " + one}}, want: one},
		"a vendor's key beside it":       {header: http.Header{"Authorization": {"Bearer sk-ant-1"}, "X-Api-Key": {one}}, want: one},
		"a signature beside it":          {header: http.Header{"Authorization": {"AWS4-HMAC-SHA256 Credential=AKIA/x"}, "X-Api-Key": {one}}, want: one},
		"a vendor's key in front of it":  {header: http.Header{"X-Api-Key": {"sk-1", one}}, want: one},
		"the same key in all":            {header: http.Header{"Authorization": {"Bearer " + one}, "X-Api-Key": {one}, "Api-Key": {one}, "X-Goog-Api-Key": {one}}, want: one},
		"a cut key is still ours":        {header: http.Header{"X-Api-Key": {one[:30]}}, want: one[:30]},

		"nothing":                     {header: http.Header{}, code: keys.CodeMissing},
		"empty values":                {header: http.Header{"Authorization": {""}, "X-Api-Key": {""}}, code: keys.CodeMissing},
		"a vendor's key only":         {header: http.Header{"Authorization": {"Bearer sk-ant-1"}}, code: keys.CodeMissing},
		"another scheme":              {header: http.Header{"Authorization": {"Basic " + one}}, code: keys.CodeMissing},
		"no scheme":                   {header: http.Header{"Authorization": {one}}, code: keys.CodeMissing},
		"another header":              {header: http.Header{"X-Key": {one}, "Cookie": {one}}, code: keys.CodeMissing},
		"two keys in two headers":     {header: http.Header{"Authorization": {"Bearer " + one}, "Api-Key": {two}}, code: keys.CodeConflicting},
		"two keys in one header":      {header: http.Header{"X-Api-Key": {one, two}}, code: keys.CodeConflicting},
		"two keys, one of them twice": {header: http.Header{"Authorization": {"Bearer " + one}, "X-Api-Key": {one}, "X-Goog-Api-Key": {two}}, code: keys.CodeConflicting},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := keys.FromHeader(tc.header)
			if got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			wantRefusal(t, err, tc.code, tc.code != "")
			if err == nil {
				return
			}
			if msg := fault.Of(err).Message(); !strings.Contains(msg, "Authorization") {
				t.Errorf("the message names no header: %s", msg)
			}
			for _, key := range []string{one, two} {
				if strings.Contains(err.Error(), key[20:]) {
					t.Errorf("the error holds a key: %v", err)
				}
			}
		})
	}
	_, err := keys.FromHeader(http.Header{"Authorization": {one}})
	if msg := fault.Of(err).Message(); !strings.Contains(msg, "scheme") {
		t.Errorf("the message does not say that the scheme is missing: %s", msg)
	}
}

func TestStripCredentials(t *testing.T) {
	h := http.Header{"Content-Type": {"application/json"}, "X-Weir-Tags": {"a=b"}, "Anthropic-Version": {"2023-06-01"}, "X-Amzn-Trace-Id": {"Root=1"}}
	want := h.Clone()
	for _, name := range []string{
		"Authorization", "Proxy-Authorization", "X-Api-Key", "Api-Key", "X-Goog-Api-Key", "Cookie",
		"X-Amz-Security-Token", "X-Amz-Date", "X-Amz-Content-Sha256",
		"authorization", "x-api-key", "API-KEY", // put there without the package's methods
	} {
		h[name] = []string{"canary"}
	}
	keys.StripCredentials(h)
	if diff := cmp.Diff(want, h); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

// wantRefusal checks that err is of Kind Unauthenticated with this code, where
// there should be one.
func wantRefusal(t *testing.T, err error, code string, refused bool) {
	t.Helper()
	if !refused {
		if err != nil {
			t.Errorf("error %v, want none", err)
		}
		return
	}
	f := fault.Of(err)
	if f == nil || f.Kind != fault.Unauthenticated || f.Code != code {
		t.Errorf("error %v, want one of kind Unauthenticated with code %q", err, code)
		return
	}
	if f.Public == "" {
		t.Errorf("error %v says nothing to the caller", err)
	}
}
