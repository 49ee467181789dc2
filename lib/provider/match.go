package provider

import "strings"

// Match reports whether name matches pattern. "*" stands for any run of
// characters, "/" included; everything else is literal. A pattern without "*"
// matches only itself, so "bedrock/*" never matches "bedrockz/x".
func Match(pattern, name string) bool {
	first, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == name
	}
	if !strings.HasPrefix(name, first) {
		return false
	}
	name = name[len(first):]
	for {
		part, more, again := strings.Cut(rest, "*")
		if !again {
			return strings.HasSuffix(name, part)
		}
		i := strings.Index(name, part)
		if i < 0 {
			return false
		}
		name, rest = name[i+len(part):], more
	}
}
