// What the tests know of the stage they run on. The command stage starts it
// and says in the environment where it is.
import assert from 'node:assert/strict';

function need(name) {
  const value = process.env[name];
  assert.ok(value, `${name} is not set: run these tests with make test-sdks`);
  return value;
}

/** Address of the gateway, without a path. */
export const url = need('WEIR_URL');
/** A key of the gateway. */
export const key = need('WEIR_KEY');
/** A key that may use the model echo/any alone. */
export const narrowKey = need('WEIR_NARROW_KEY');
/** Address and key of the fakes that can be called without the gateway, by name. */
export const direct = JSON.parse(need('WEIR_DIRECT'));
const control = need('WEIR_STAGE');

/** A picture of one pixel. */
export const pixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** A schema that answers are to follow. */
export const level = {
  type: 'object',
  properties: { place: { type: 'string' }, metres: { type: 'number' } },
  required: ['place', 'metres'],
  additionalProperties: false,
};

/** The schema of the input of the tools here. */
export const where = { type: 'object', properties: { place: { type: 'string' } }, required: ['place'] };

let asked = 0;

/** A question that no other test asks. */
export function question() {
  asked++;
  return `How deep is weir number ${process.pid}-${asked}?`;
}

/** What a provider was sent for a model, oldest first. */
export async function sentFor(model) {
  const answer = await fetch(`${control}/requests?model=${encodeURIComponent(model)}`);
  assert.equal(answer.status, 200);
  return answer.json();
}

/**
 * A model of its own of a fake provider that gives these answers, one each, and
 * then plain ones. A * in the name becomes a number that no other model has.
 */
export async function script(provider, name, answers) {
  const told = await fetch(`${control}/${provider}?model=${encodeURIComponent(name)}`, { method: 'POST', body: JSON.stringify(answers) });
  const text = await told.text();
  assert.equal(told.status, 200, text);
  return JSON.parse(text);
}

/**
 * The row of a call, once it is closed. That of an answer that was read to its
 * end is closed by then; one of a call that was left closes when the provider
 * has been heard out.
 */
export async function row(id, { wait = false } = {}) {
  assert.ok(id, 'the answer has no x-weir-call-id');
  for (const end = Date.now() + 20_000; ; ) {
    const answer = await fetch(`${url}/v1/usage/${id}`, { headers: { authorization: `Bearer ${key}` } });
    assert.equal(answer.status, 200);
    const found = await answer.json();
    if (found.state !== 'open') return found;
    assert.ok(wait && Date.now() < end, `the row of ${id} is still open`);
    await new Promise((go) => setTimeout(go, 50));
  }
}

/** A fetch for an SDK that notes each exchange: status, headers, and the body as it comes. */
export function wiretap() {
  const exchanges = [];
  const tapped = async (input, init) => {
    const answer = await fetch(input, init);
    const exchange = { status: answer.status, headers: answer.headers, text: '' };
    exchanges.push(exchange);
    if (!answer.body) return answer;
    const decoder = new TextDecoder();
    const body = answer.body.pipeThrough(
      new TransformStream({
        transform(piece, out) {
          exchange.text += decoder.decode(piece, { stream: true });
          out.enqueue(piece);
        },
      }),
    );
    return new Response(body, { status: answer.status, headers: answer.headers });
  };
  return { fetch: tapped, exchanges, last: () => exchanges.at(-1), id: () => exchanges.at(-1).headers.get('x-weir-call-id') };
}
