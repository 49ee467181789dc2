// Package routing decides where a call may go. A plan is the ordered list of
// targets that may serve one call, or the one error that says why none may.
//
// The package is pure: it sees a route, a caller and a call's Facts, never a
// body, a clock or a store. What it drops it drops by rule; deny is the
// default.
package routing

import (
	"errors"
	"fmt"
	"strings"

	"weir/lib/admission/keys"
	"weir/lib/catalog"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/provider"
)

// Choice is one target of a plan with the offer that serves the call there.
type Choice struct {
	Target provider.Target
	Offer  provider.Offer
}

const op = "routing.Plan"

// Plan returns the targets of route that may serve a call, in the order in
// which they are to be tried; never none without an error. dialect is the
// caller's.
//
// Errors are *fault.Error and safe to show. The first of these that holds is
// the answer:
//
//  1. Forbidden: the caller may use none of the targets. What is wrong with
//     targets that a caller may not use is never told.
//  2. Invalid, naming the member: the request holds an id of state that a
//     provider keeps. Such an id is another team's until it is recorded who
//     was given it, so none is passed on.
//  3. NoTarget: at least one target would serve the call if its provider were
//     available; trying again later makes sense.
//  4. Invalid, naming the member: the request uses a member that only its own
//     dialect can say, and the targets that offer the operation speak others.
//  5. Invalid, naming model: no target offers the operation.
//
// The message of 3 to 5 gives the reason of each target.
func Plan(route catalog.Route, caller keys.Caller, dialect string, f llm.Facts) ([]Choice, error) {
	if route.Strategy != "" && route.Strategy != catalog.StrategyFallback {
		return nil, fault.Wrap(fault.Internal, op, fmt.Errorf("route %s: unknown strategy %q", route.Name, route.Strategy))
	}
	var d dropped
	var plan []Choice
	for _, t := range route.Targets {
		if !caller.Allows(f.Model, t.String()) {
			d.forbidden++
			continue
		}
		offer, why := serves(t, dialect, f)
		if why != fits {
			d.add(t, offer, why)
			continue
		}
		plan = append(plan, Choice{Target: t, Offer: offer})
	}
	switch {
	case len(plan) == 0 && d.forbidden > 0 && len(d.targets) == 0:
		return nil, &fault.Error{
			Kind: fault.Forbidden, Op: op, Param: "model",
			Public: fmt.Sprintf("This key may not use the model %q.", f.Model),
		}
	case len(f.Upstream) > 0:
		return nil, upstreamState(f.Upstream[0])
	case len(plan) == 0:
		return nil, d.err(dialect, f)
	}
	return plan, nil
}

// A reason is why a target cannot serve a call; the smaller, the more a caller
// can hope for.
type reason uint8

const (
	fits        reason = iota
	unavailable        // its provider cannot be used at present
	foreign            // it cannot be told a member of the request
	noOffer            // it does not do this
)

// serves returns the offer by which t serves the call, or why it does not. A
// lasting reason goes before one that may pass.
func serves(t provider.Target, dialect string, f llm.Facts) (provider.Offer, reason) {
	o, ok := t.Offer(f.Op, dialect)
	switch own := o.Dialect == dialect; {
	case !ok, f.Op == llm.OpRaw && !own: // raw has no body model to translate from
		return o, noOffer
	case len(f.Native) > 0 && !own:
		return o, foreign
	case t.Endpoint.Unavailable != "":
		return o, unavailable
	}
	return o, fits
}

// dropped collects what a plan leaves out.
type dropped struct {
	forbidden int
	targets   []drop
}

type drop struct {
	target provider.Target
	offer  provider.Offer
	why    reason
}

func (d *dropped) add(t provider.Target, o provider.Offer, why reason) {
	d.targets = append(d.targets, drop{t, o, why})
}

// err says why no target is left.
func (d *dropped) err(dialect string, f llm.Facts) *fault.Error {
	best := noOffer
	var reasons []string
	var causes []error
	for _, x := range d.targets {
		best = min(best, x.why)
		reasons = append(reasons, x.String(f))
		if x.why == unavailable { // may name variables and secrets: for logs
			causes = append(causes, fmt.Errorf("%s: %s", x.target, x.target.Endpoint.Unavailable))
		}
	}
	switch {
	case d.forbidden == 1:
		reasons = append(reasons, "another target is not open to this key")
	case d.forbidden > 1:
		reasons = append(reasons, fmt.Sprintf("%d other targets are not open to this key", d.forbidden))
	}
	e := &fault.Error{Kind: fault.Invalid, Op: op, Err: errors.Join(causes...)}
	switch {
	case len(d.targets) == 0, best == unavailable:
		e.Kind = fault.NoTarget
	case best == foreign:
		e.Param = f.Native[0]
		reasons = append(reasons, fmt.Sprintf("leave out %s, or ask for a model that speaks %s", list(f.Native), dialect))
	default:
		e.Param = "model"
	}
	e.Public = fmt.Sprintf("No target of the model %q can serve this request", f.Model)
	if len(reasons) > 0 {
		e.Public += ": " + strings.Join(reasons, "; ")
	}
	e.Public += "."
	return e
}

// String is the drop's reason in words that a caller may read.
func (x drop) String(f llm.Facts) string {
	switch x.why {
	case unavailable:
		return fmt.Sprintf("%s is not available", x.target)
	case foreign:
		return fmt.Sprintf("%s speaks %s, which cannot say %s", x.target, x.offer.Dialect, list(f.Native))
	case fits, noOffer:
	}
	return fmt.Sprintf("%s does not offer %s", x.target, operation(f.Op))
}

func operation(o llm.Op) string {
	switch o {
	case llm.OpChat:
		return "chat"
	case llm.OpEmbed:
		return "embeddings"
	case llm.OpCount:
		return "token counts"
	case llm.OpRaw:
		return "this operation in the dialect of the request"
	}
	return string(o)
}

// upstreamState refuses an id of a provider's state, given as "member: id". The
// id is not repeated.
func upstreamState(entry string) *fault.Error {
	member, _, _ := strings.Cut(entry, ":")
	return &fault.Error{
		Kind: fault.Invalid, Op: op, Param: member,
		Public: fmt.Sprintf("%s refers to state that a provider keeps, which this gateway does not accept; "+
			"send the content itself.", member),
	}
}

// list joins the members of a request for reading.
func list(members []string) string {
	last := len(members) - 1
	if last == 0 {
		return members[0]
	}
	return strings.Join(members[:last], ", ") + " and " + members[last]
}
