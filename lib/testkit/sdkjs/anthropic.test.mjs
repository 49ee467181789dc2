// Anthropic's own SDK, over providers that speak other dialects. What its own
// vendor adds is in claude.test.mjs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema';
import { key, level, pixel, question, row, sent, sentOnce, url, where, wiretap } from './stage.mjs';

function client(options = {}) {
  const tap = wiretap();
  return { tap, anthropic: new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0, fetch: tap.fetch, ...options }) };
}

const user = (content) => [{ role: 'user', content }];
const textOf = (message) => message.content.filter((b) => b.type === 'text').map((b) => b.text).join('');

for (const [model, answer] of [
  ['openai/gpt-4o-mini', (q) => `You said: ${q}`],
  ['echo/any', (q) => q],
]) {
  test(`messages with ${model}`, async () => {
    const { anthropic, tap } = client();
    const q = question();
    const { data, response } = await anthropic.messages
      .create({ model, max_tokens: 1000, system: 'Be brief.', messages: user(q) })
      .withResponse();
    assert.equal(data.type, 'message');
    assert.equal(data.role, 'assistant');
    assert.equal(textOf(data), answer(q));
    assert.equal(data.stop_reason, 'end_turn');
    assert.equal(data._request_id, tap.id());
    assert.equal(response.headers.get('x-weir-provider'), model.split('/')[0]);
    const r = await row(tap.id());
    assert.equal(r.outcome, 'ok');
    assert.equal(r.cost_usd, response.headers.get('x-weir-cost-usd'));
    assert.deepEqual([r.tokens.input, r.tokens.output], [data.usage.input_tokens, data.usage.output_tokens]);
  });

  test(`the stream helper with ${model}`, async () => {
    const { anthropic, tap } = client();
    const q = question();
    const heard = [];
    const stream = anthropic.messages.stream({ model, max_tokens: 1000, messages: user(q) }).on('text', (t) => heard.push(t));
    const events = [];
    for await (const e of stream) events.push(e.type);
    const message = await stream.finalMessage();
    assert.equal(textOf(message), answer(q));
    assert.equal(heard.join(''), answer(q));
    assert.ok(heard.length > 2, 'it comes in pieces');
    assert.equal(events[0], 'message_start');
    assert.equal(events.at(-1), 'message_stop');
    assert.equal(message.stop_reason, 'end_turn');
    const r = await row(tap.id());
    assert.deepEqual([r.tokens.input, r.tokens.output], [message.usage.input_tokens, message.usage.output_tokens]);
    assert.ok(r.stream && r.cost_nano_usd > 0 && r.usage_source === 'provider');
  });

  test(`count_tokens with ${model}`, async () => {
    const { anthropic, tap } = client();
    const short = await anthropic.messages.countTokens({ model, messages: user('hi') });
    const long = await anthropic.messages.countTokens({ model, system: 'Be brief. '.repeat(50), messages: user('hi') });
    assert.ok(short.input_tokens > 0 && long.input_tokens > short.input_tokens + 50);
    assert.equal(tap.last().headers.get('x-weir-loss'), 'count_tokens: estimated');
  });

  test(`max_tokens with ${model}`, async () => {
    const { anthropic } = client();
    const got = await anthropic.messages.create({ model, max_tokens: 1, messages: user(question()) });
    assert.equal(got.stop_reason, 'max_tokens');
  });
}

test('raw events and the beta of the messages', async () => {
  const { anthropic } = client();
  const q = question();
  let text = '';
  for await (const e of await anthropic.messages.create({ model: 'openai/gpt-4o-mini', max_tokens: 1000, messages: user(q), stream: true })) {
    if (e.type === 'content_block_delta') text += e.delta.text;
  }
  assert.equal(text, `You said: ${q}`);
  const beta = await anthropic.beta.messages.create({ model: 'openai/gpt-4o-mini', max_tokens: 1000, messages: user(q) });
  assert.equal(textOf(beta), `You said: ${q}`);
});

for (const [model, stream, count] of [
  ['openai/tools', false, 1],
  ['openai/tools', false, 2],
  ['openai/tools', true, 2],
  ['openai/interleaved-tools', true, 2],
  ['echo/any', false, 1],
  ['echo/any', true, 1],
]) {
  test(`a tool loop, ${count} at once, ${stream ? 'streamed' : 'whole'}, ${model}`, async () => {
    const { anthropic } = client();
    const q = question();
    const messages = user(q);
    const tools = ['depth', 'flow'].slice(0, count).map((name) => ({ name, description: `Tells the ${name}.`, input_schema: where }));
    const turn = (tool_choice) => {
      const body = { model, max_tokens: 1000, messages, tools, tool_choice };
      return stream ? anthropic.messages.stream(body).finalMessage() : anthropic.messages.create(body);
    };
    const first = await turn(model === 'echo/any' ? { type: 'tool', name: 'depth' } : { type: 'auto' });
    assert.equal(first.stop_reason, 'tool_use');
    const calls = first.content.filter((b) => b.type === 'tool_use');
    assert.deepEqual(calls.map((c) => c.name), ['depth', 'flow'].slice(0, count));
    assert.equal(new Set(calls.map((c) => c.id)).size, count);
    if (model !== 'echo/any') assert.deepEqual(calls.map((c) => c.input), [{ place: 'text', call: 1 }, { place: 'text', call: 2 }].slice(0, count));
    messages.push(
      { role: 'assistant', content: first.content },
      ...user([
        ...calls.map((c, i) => ({ type: 'tool_result', tool_use_id: c.id, content: i ? [{ type: 'text', text: 'no gauge' }] : '3 m', is_error: i > 0 })),
      ]),
    );
    const last = await turn({ type: 'auto' });
    assert.equal(last.stop_reason, 'end_turn');
    if (model === 'echo/any') return;
    assert.equal(textOf(last), `You said: ${q}`);
    const second = (await sent(q))[1];
    assert.equal(second.error, undefined);
    assert.deepEqual(second.body.messages.slice(2).map((m) => [m.role, m.tool_call_id]), calls.map((c) => ['tool', c.id]));
  });
}

for (const stream of [false, true]) {
  test(`toolRunner, ${stream ? 'streamed' : 'whole'}, with a bearer token`, async () => {
    const { anthropic } = client({ apiKey: null, authToken: key });
    const q = question();
    const ran = [];
    const run = (input) => {
      ran.push(input.place);
      return 'depth is 3';
    };
    const tools = [betaTool({ name: 'depth', description: 'Tells the depth.', inputSchema: where, run })];
    const runner = anthropic.beta.messages.toolRunner({ model: 'openai/tools', max_tokens: 1000, messages: user(q), tools, stream });
    let last;
    for await (const reply of runner) last = stream ? await reply.finalMessage() : reply;
    assert.equal(textOf(last), `You said: ${q}`);
    assert.deepEqual(ran, ['text']);
    assert.deepEqual((await sent(q)).map((r) => r.error), [undefined, undefined]);
  });
}

test('an image', async () => {
  const { anthropic } = client();
  const q = question();
  const source = { type: 'base64', media_type: 'image/png', data: pixel };
  const got = await anthropic.messages.create({
    model: 'openai/gpt-4o', max_tokens: 100,
    messages: user([{ type: 'image', source }, { type: 'text', text: q }]),
  });
  assert.equal(textOf(got), `You said: ${q}`);
  const [message] = (await sentOnce(q)).messages;
  assert.deepEqual(message.content[0].image_url.url, `data:image/png;base64,${pixel}`);
});

test('structured output', async () => {
  const { anthropic } = client();
  const q = question();
  const got = await anthropic.messages.create({
    model: 'openai/gpt-4o', max_tokens: 100, messages: user(q),
    output_config: { format: { type: 'json_schema', schema: level } },
  });
  assert.deepEqual(JSON.parse(textOf(got)), { place: 'text', metres: 1 });
  assert.deepEqual((await sentOnce(q)).response_format.json_schema.schema, level);
});

test('cache markers reach nobody who does not know them, and are told as lost', async () => {
  const { anthropic, tap } = client();
  const q = question();
  await anthropic.messages.create({
    model: 'openai/gpt-4o', max_tokens: 100,
    system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
    messages: user(q),
  });
  assert.ok(!JSON.stringify(await sentOnce(q)).includes('cache_control'));
  assert.match(tap.last().headers.get('x-weir-loss'), /cache_control/);
});

test('models', async () => {
  const { anthropic } = client();
  const all = [];
  for await (const m of anthropic.models.list()) all.push(m);
  assert.ok(all.some((m) => m.id === 'nobody' && m.type === 'model' && m.display_name && m.created_at));
  assert.equal((await anthropic.models.retrieve('nobody')).id, 'nobody');
});

test('a wrong key is a 401', async () => {
  const { anthropic, tap } = client({ apiKey: 'sk-weir-mistyped', maxRetries: 2 });
  await assert.rejects(anthropic.messages.create({ model: 'echo/any', max_tokens: 10, messages: user('hi') }), (e) => {
    assert.ok(e instanceof Anthropic.AuthenticationError);
    assert.equal(e.error.error.type, 'authentication_error');
    assert.ok(e.requestID);
    return true;
  });
  assert.equal(tap.exchanges.length, 1);
});

for (const stream of [false, true]) {
  for (const [what, model, kind, status, type, tries] of [
    ['a model that is not there', 'no-such-model', Anthropic.NotFoundError, 404, 'not_found_error', 1],
    ['a model that the vendor does not know', 'openai/no-such-model', Anthropic.NotFoundError, 404, 'not_found_error', 1],
    ['too long a prompt', 'openai/context-length', Anthropic.BadRequestError, 400, 'invalid_request_error', 1],
    ['a failing vendor', 'openai/status-503', Anthropic.InternalServerError, 502, 'api_error', 2],
    ['a vendor that limits us', 'openai/status-429', Anthropic.InternalServerError, 529, 'overloaded_error', 2],
  ]) {
    test(`${what}, ${stream ? 'streamed' : 'whole'}`, async () => {
      const { anthropic, tap } = client({ maxRetries: 1 });
      await assert.rejects(anthropic.messages.create({ model, max_tokens: 10, messages: user(question()), stream }), (e) => {
        assert.ok(e instanceof kind);
        assert.equal(e.status, status);
        assert.equal(e.error.type, 'error');
        assert.equal(e.error.error.type, type);
        assert.ok(e.error.error.message);
        return true;
      });
      assert.equal(tap.exchanges.length, tries);
    });
  }
}

test('a wrong request names the member', async () => {
  const { anthropic } = client();
  await assert.rejects(anthropic.messages.create({ model: 'echo/any', messages: user('hi') }), (e) => e instanceof Anthropic.BadRequestError && /max_tokens/.test(e.message));
});

test('an error in mid-stream is thrown', async () => {
  for (const model of ['openai/error-in-stream', 'openai/cut']) {
    const { anthropic, tap } = client();
    let text = '';
    const stream = anthropic.messages.stream({ model, max_tokens: 1000, messages: user(question()) }).on('text', (t) => (text += t));
    await assert.rejects(stream.finalMessage(), Anthropic.APIError);
    assert.ok(text.length > 0);
    assert.doesNotMatch(tap.last().text, /message_stop/);
    assert.notEqual((await row(tap.id())).outcome, 'ok');
  }
});

test('a stream that is left is settled by what the vendor says', async () => {
  const { anthropic, tap } = client();
  const q = question();
  const stream = anthropic.messages.stream({ model: 'openai/trickle', max_tokens: 1000, messages: user(q) });
  stream.on('text', () => stream.abort());
  await assert.rejects(stream.finalMessage(), Anthropic.APIUserAbortError);
  const r = await row(tap.id(), { wait: true });
  assert.deepEqual([r.state, r.outcome, r.usage_source, r.tokens.output], ['settled', 'client_gone', 'drained', 6]);
  const [request] = await sent(q);
  assert.deepEqual([request.reported, request.gone], [true, false]);
});

test('pings before the first token are not seen', async () => {
  const { anthropic, tap } = client();
  const stream = anthropic.messages.stream({ model: 'openai/late', max_tokens: 1000, messages: user(question()) });
  assert.equal(textOf(await stream.finalMessage()), 'The water stands at the mark.');
  assert.match(tap.last().text, /^event: ping\n/);
});
