package anthropic

import (
	"slices"
	"strings"

	"weir/lib/fault"
	"weir/lib/wire/rawjson"
)

// refuse stops a request with a member that this gateway must not let through,
// whichever model it is for.
func (d *decoder) refuse(v rawjson.Value, why string) {
	if !v.Exists() || d.Err() != nil {
		return
	}
	path := v.Path()
	d.Fail(&fault.Error{Kind: fault.Invalid, Op: d.op, Param: path, Public: dotted(path) + ": " + why})
}

// accounts refuses what would change who pays for the call, or bring in models
// that nobody has checked: the key's models and their prices are looked up for
// the model of the request alone.
func (d *decoder) accounts(root rawjson.Value) {
	d.refuse(root.Get("billing_policy"), "which organization pays for a call is this gateway's to say; leave it out")
	d.refuse(root.Get("fallbacks"), "the models that take over are this gateway's to say; leave it out, and name a route that has fallbacks")
}

// toolModel refuses a tool of the vendor's that asks another model (the
// advisor, platform.claude.com/docs/en/agents-and-tools/tool-use/advisor-tool,
// read 2026-11): what that takes is not in the counts of the answer, either.
func (d *decoder) toolModel(tool rawjson.Value) {
	kind, _ := tool.Get("type").Text()
	why := "a tool that asks another model is not accepted by this gateway; leave the tool out"
	if d.refuse(tool.Get("model"), why); strings.HasPrefix(kind, "advisor_") {
		d.refuse(tool.Get("type"), why)
	}
}

// files notes the ids of files that the provider holds, wherever they stand in
// a block that stays as it is. What a tool of the provider's has written is
// named in its results, too, which gives access to nothing.
func (d *decoder) files(v rawjson.Value) {
	switch v.Kind() {
	case rawjson.Object:
		if kind, _ := v.Get("type").Text(); !strings.HasSuffix(kind, "_output") {
			d.upstream(v.Get("file_id"))
		}
		for m := range v.Members() {
			if !slices.Contains(requestOptions.Opaque, string(m.Name())) {
				d.files(m.Value)
			}
		}
	case rawjson.Array:
		for _, e := range v.Elems() {
			d.files(e)
		}
	case rawjson.Absent, rawjson.Null, rawjson.Bool, rawjson.Number, rawjson.String:
	}
}
