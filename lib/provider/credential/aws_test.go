package credential_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"weir/lib/provider/credential"
)

// The chain has a link where one of its variables, or one of its files, is
// there. No secret comes of it: the SDK reads what it needs itself.
func TestAWSChain(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	full := write("full", "[default]\n")
	empty := write("empty", "")
	write("home/.aws/config", "[default]\n")
	for _, tt := range []struct {
		why  string
		vars map[string]string
		want bool
	}{
		{"nothing", nil, false},
		{"keys", map[string]string{"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}, true},
		{"half of the keys", map[string]string{"AWS_ACCESS_KEY_ID": "a"}, false},
		{"an empty half", map[string]string{"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": ""}, false},
		{"an API key of Bedrock", map[string]string{"AWS_BEARER_TOKEN_BEDROCK": "a"}, true},
		{"a profile", map[string]string{"AWS_PROFILE": "dev"}, true},
		{"a web identity", map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": "a", "AWS_ROLE_ARN": "b"}, true},
		{"a container", map[string]string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/a"}, true},
		{"a pod", map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://a"}, true},
		{"a file", map[string]string{"AWS_SHARED_CREDENTIALS_FILE": full}, true},
		{"an empty file", map[string]string{"AWS_CONFIG_FILE": empty}, false},
		{"no file", map[string]string{"AWS_CONFIG_FILE": filepath.Join(dir, "none")}, false},
		{"a home", map[string]string{"HOME": filepath.Join(dir, "home")}, true},
		{"a home elsewhere", map[string]string{"USERPROFILE": filepath.Join(dir, "home")}, true},
		{"a home without", map[string]string{"HOME": dir}, false},
	} {
		env := credential.Env(func(name string) (string, bool) {
			if name == "AWS_EC2_METADATA_DISABLED" {
				return "true", true
			}
			v, ok := tt.vars[name]
			return v, ok
		})
		s, ok, err := env.Lookup(t.Context(), credential.Ref{AWS: true}, false)
		if ok != tt.want || err != nil || !s.IsZero() {
			t.Errorf("%s: %v, %v", tt.why, ok, err)
		}
		if text := env.Missing(credential.Ref{AWS: true}); !strings.Contains(text, "AWS_PROFILE") {
			t.Errorf("Missing: %q", text)
		}
	}
}
