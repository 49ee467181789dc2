package dialect

import "weir/lib/llm"

// CodeSealRefused is the Code of a *fault.Error, of kind Invalid, by which a
// Back says that the provider refused the signature on a block of the history
// or missed one there. Before the first content the same target may be asked
// once more without seals: with llm.Unseal where the request is written anew,
// with Unsealer where it is relayed.
const CodeSealRefused = "seal_refused"

// Unsealer is a Back whose relayed requests may carry seals.
type Unsealer interface {
	Back
	// Unseal returns the caller's request without the blocks that a seal
	// vouches for, and what is lost by that; everything else stays byte for
	// byte. Without a seal in it, in itself is returned and nothing is lost.
	Unseal(in llm.Inbound) (llm.Inbound, []llm.Loss, error)
}
