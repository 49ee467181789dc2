package catalog_test

import (
	"strings"
	"testing"

	"weir/lib/catalog"
	"weir/lib/provider/credential"
)

const bedrockFile = `version: 1
providers: { here: { kind: bedrock }, there: { kind: bedrock, region: eu-west-1, base_url: "http://127.0.0.1:4566" } }
models: { "here/*": here/*, "there/*": there/* }
`

// A region comes from the file, else from the environment; without one, or
// without credentials, the provider is unavailable and the file is good.
func TestRegionsAndCredentialsOfBedrock(t *testing.T) {
	for name, tt := range map[string]struct {
		region      string
		vars        map[string]string
		here, there string // part of the reason for which they are unavailable
		want        string // region of here
	}{
		"all there":      {"us-west-2", map[string]string{"AWS_PROFILE": "dev"}, "", "", "us-west-2"},
		"no region":      {"", map[string]string{"AWS_PROFILE": "dev"}, "AWS_REGION", "", ""},
		"no credentials": {"us-west-2", nil, "AWS_PROFILE", "AWS_PROFILE", "us-west-2"},
	} {
		opts := noKeys()
		opts.Region = tt.region
		opts.Credentials = credential.Env(func(name string) (string, bool) {
			v, ok := tt.vars[name]
			if name == "AWS_EC2_METADATA_DISABLED" {
				return "true", true
			}
			return v, ok
		})
		snap, problems := catalog.Parse(t.Context(), "gateway.yaml", []byte(bedrockFile), opts)
		if snap == nil {
			t.Fatalf("%s: %v", name, problems)
		}
		here, there := snap.Endpoints[0], snap.Endpoints[1]
		for reason, want := range map[string]string{here.Unavailable: tt.here, there.Unavailable: tt.there} {
			if (reason == "") != (want == "") || !strings.Contains(reason, want) {
				t.Errorf("%s: unavailable %q, want %q in it", name, reason, want)
			}
		}
		if here.Region != tt.want || here.BaseURL != "" || there.Region != "eu-west-1" || there.BaseURL != "http://127.0.0.1:4566" {
			t.Errorf("%s: %+v, %+v", name, here, there)
		}
	}
}

// Without a file, Bedrock is there where its own variable and a region are:
// credentials alone, which most machines have some of, do not mean it.
func TestBedrockIsDetectedByItsOwnVariable(t *testing.T) {
	for name, tt := range map[string]struct {
		region string
		vars   map[string]string
		want   bool
	}{
		"its own variable":  {"us-east-1", map[string]string{"AWS_BEARER_TOKEN_BEDROCK": "x"}, true},
		"no region":         {"", map[string]string{"AWS_BEARER_TOKEN_BEDROCK": "x"}, false},
		"other credentials": {"us-east-1", map[string]string{"AWS_PROFILE": "x"}, false},
	} {
		opts := noKeys()
		opts.Region = tt.region
		opts.Credentials = credential.Env(func(name string) (string, bool) {
			v, ok := tt.vars[name]
			return v, ok
		})
		snap, problems := catalog.Default(t.Context(), opts)
		if snap == nil {
			t.Fatal(problems)
		}
		if _, got := snap.Resolve("bedrock/us.anthropic.claude-x"); got != tt.want {
			t.Errorf("%s: found %v, want %v", name, got, tt.want)
		}
	}
}
