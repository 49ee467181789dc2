package credential

import (
	"os"
	"path/filepath"
	"strings"
)

// awsMissing says what to provide where the AWS SDK's chain would find
// nothing.
const awsMissing = "AWS has no credentials here: set AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_BEARER_TOKEN_BEDROCK"

// aws reports whether the AWS SDK's chain of credentials has a link
// (docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html): it
// looks at variables, at whether files are there and at what machine this is,
// and asks nobody. What is found may still be refused or expired.
func (e Env) aws() bool {
	has := func(names ...string) bool {
		for _, name := range names {
			if v, ok := e(name); !ok || v == "" {
				return false
			}
		}
		return true
	}
	return has("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY") || has("AWS_BEARER_TOKEN_BEDROCK") || has("AWS_PROFILE") ||
		has("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN") ||
		has("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") || has("AWS_CONTAINER_CREDENTIALS_FULL_URI") ||
		e.awsFile("AWS_SHARED_CREDENTIALS_FILE", "credentials") || e.awsFile("AWS_CONFIG_FILE", "config") ||
		e.awsMachine()
}

// awsFile reports whether a file of the AWS tools is there: the one that the
// variable names, or the usual one.
func (e Env) awsFile(variable, name string) bool {
	path, ok := e(variable)
	if !ok || path == "" {
		home, _ := e("HOME")
		if home == "" {
			home, _ = e("USERPROFILE")
		}
		if home == "" {
			return false
		}
		path = filepath.Join(home, ".aws", name)
	}
	info, err := os.Stat(path)
	return err == nil && info.Size() > 0
}

// awsMachine reports whether this is a machine of EC2, whose role the SDK asks
// for where nothing else is there
// (docs.aws.amazon.com/AWSEC2/latest/UserGuide/identify_ec2_instances.html).
func (e Env) awsMachine() bool {
	if off, _ := e("AWS_EC2_METADATA_DISABLED"); strings.EqualFold(off, "true") {
		return false
	}
	vendor, err := os.ReadFile("/sys/devices/virtual/dmi/id/sys_vendor")
	return err == nil && strings.HasPrefix(string(vendor), "Amazon EC2")
}
