// What several themes look at.
import assert from 'node:assert/strict';

/** The texts of a turn's parts, together. */
export const texts = (parts) => parts.filter((p) => p.kind === 'text').map((p) => p.text).join('');

/** Everything of one kind that a provider was sent. */
export const all = (sent, kind) => sent.turns.flatMap((t) => t.parts.filter((p) => p.kind === kind));

/** The results that a provider was sent as [name of the call, text], in their order; each answers a call. */
export function results(sent) {
  const calls = all(sent, 'call');
  return all(sent, 'result').map((r) => {
    const call = calls.find((c) => c.id === r.id);
    assert.ok(call, `the result ${r.id} answers no call`);
    return [call.name, r.text];
  });
}

/** Tools of the names. */
export const tools = (...names) => names.map((name) => ({ name }));
