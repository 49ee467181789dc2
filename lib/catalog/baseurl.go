package catalog

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"weir/lib/llm"
	"weir/lib/provider"
)

var (
	hostForm    = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*$`)
	versionPart = regexp.MustCompile(`^v[0-9]`)
)

// baseURL checks an address and returns it without a trailing slash. Messages
// show no address that holds a password.
func (b *builder) baseURL(p placed[string], row provider.Row) string {
	key := b.under("base_url")
	u, err := url.Parse(p.V)
	switch {
	case err != nil:
		b.errorf(p.At, "%s is not a URL such as https://api.example.com/v1", key)
		return ""
	case u.Scheme != "https" && u.Scheme != "http":
		b.errorf(p.At, "%s must begin with https:// (or http:// for a server on your own machine)", key)
		return ""
	case u.User != nil:
		b.errorf(p.At, "%s must not hold a user or password; use credential", key)
		return ""
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(p.V, "#"):
		b.errorf(p.At, "%s must not have a query (?) or a fragment (#)", key)
		return ""
	}
	if !b.host(p, key, u) {
		return ""
	}
	base := strings.TrimRight(p.V, "/")
	for _, o := range row.Offers {
		added := []string{o.Path}
		if first, _, _ := strings.Cut(o.Path[1:], "/"); versionPart.MatchString(first) { // as Anthropic's do
			added = append(added, "/"+first)
		}
		for _, end := range added {
			if before, found := strings.CutSuffix(base, end); found {
				b.errorf(p.At, "%s ends in %s, which the gateway adds itself; write %s", key, end, before)
				return ""
			}
		}
	}
	if first := chatPath(row); first == "/chat/completions" && !versioned(base) && (row.BaseURL == "" || versioned(row.BaseURL)) {
		b.warnf(p.At, "%s has no version such as /v1 in its path, as most OpenAI-compatible servers want; calls go to %s%s", key, base, first)
	}
	return base
}

// versioned reports whether a part of the address's path is a version.
func versioned(base string) bool {
	_, path, _ := strings.Cut(base, "//")
	return slices.ContainsFunc(strings.Split(path, "/")[1:], versionPart.MatchString)
}

// chatPath is where the row's chat offer goes.
func chatPath(row provider.Row) string {
	for _, o := range row.Offers {
		if o.Op == llm.OpChat {
			return o.Path
		}
	}
	return ""
}

// host checks the host of u, and whether the way to it is safe.
func (b *builder) host(p placed[string], key string, u *url.URL) bool {
	name := u.Hostname()
	ip, err := netip.ParseAddr(name)
	isIP := err == nil
	ip = ip.Unmap()
	switch {
	case !isIP && !hostForm.MatchString(name):
		b.errorf(p.At, "%s has no host, or one that is not a host's name", key)
		return false
	case u.Port() != "" && !validPort(u.Port()):
		b.errorf(p.At, "%s: %s is not a port; ports are 1 to 65535", key, u.Port())
		return false
	case isIP && (ip.IsLinkLocalUnicast() || ip.IsUnspecified() || ip.IsMulticast()):
		b.errorf(p.At, "%s: %s is the address of no model server; link-local addresses such as a cloud's metadata service are refused", key, name)
		return false
	}
	if u.Scheme == "http" && !loopback(name, ip, isIP) {
		b.warnf(p.At, "%s uses http to another machine: prompts and the credential travel unencrypted; use https", key)
	}
	return true
}

func loopback(name string, ip netip.Addr, isIP bool) bool {
	if isIP {
		return ip.IsLoopback()
	}
	name = strings.ToLower(name)
	return name == "localhost" || strings.HasSuffix(name, ".localhost")
}

func validPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}
