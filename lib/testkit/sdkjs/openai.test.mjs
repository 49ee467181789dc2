// OpenAI's own SDK, over its own vendor and over echo.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import { key, level, pixel, question, row, sent, sentOnce, url, where, wiretap } from './stage.mjs';

function client(options = {}) {
  const tap = wiretap();
  return { tap, openai: new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0, fetch: tap.fetch, ...options }) };
}

const user = (content) => [{ role: 'user', content }];

async function collect(stream) {
  const all = [];
  for await (const chunk of stream) all.push(chunk);
  return all;
}

const textOf = (chunks) => chunks.map((c) => c.choices[0]?.delta?.content ?? '').join('');

for (const [model, answer] of [
  ['openai/gpt-4o-mini', (q) => `You said: ${q}`],
  ['echo/any', (q) => q],
]) {
  test(`chat with ${model}`, async () => {
    const { openai, tap } = client();
    const q = question();
    const { data, response } = await openai.chat.completions
      .create({ model, messages: [{ role: 'system', content: 'Be brief.' }, ...user(q)] })
      .withResponse();
    assert.equal(data.choices[0].message.content, answer(q));
    assert.equal(data.choices[0].finish_reason, 'stop');
    assert.equal(response.headers.get('x-weir-provider'), model.split('/')[0]);
    assert.equal(response.headers.get('x-weir-model'), model.split('/')[1]);
    assert.equal(response.headers.get('x-weir-attempts'), '1');
    assert.equal(data._request_id, tap.id());
    const r = await row(tap.id());
    assert.equal(r.outcome, 'ok');
    assert.equal(r.cost_usd, response.headers.get('x-weir-cost-usd'));
    assert.ok(r.cost_nano_usd > 0);
    assert.deepEqual([r.tokens.input, r.tokens.output], [data.usage.prompt_tokens, data.usage.completion_tokens]);
  });

  test(`streams with ${model}`, async () => {
    for (const include_usage of [false, true]) {
      const { openai, tap } = client();
      const q = question();
      const options = include_usage ? { stream_options: { include_usage } } : {};
      const chunks = await collect(await openai.chat.completions.create({ model, messages: user(q), stream: true, ...options }));
      assert.equal(textOf(chunks), answer(q));
      const reports = chunks.filter((c) => c.usage);
      assert.equal(reports.length, include_usage ? 1 : 0, 'usage is told to those who asked');
      const r = await row(tap.id());
      assert.equal(r.usage_source, 'provider');
      assert.ok(r.tokens.output > 0 && r.cost_nano_usd > 0);
      if (include_usage) {
        assert.deepEqual(reports[0].choices, []);
        assert.deepEqual([r.tokens.input, r.tokens.output], [reports[0].usage.prompt_tokens, reports[0].usage.completion_tokens]);
      }
    }
  });
}

test('the stream helper accumulates', async () => {
  const { openai } = client();
  const q = question();
  const got = await openai.chat.completions.stream({ model: 'openai/gpt-4o-mini', messages: user(q), stream_options: { include_usage: true } }).finalChatCompletion();
  assert.equal(got.choices[0].message.content, `You said: ${q}`);
  assert.ok(got.usage.total_tokens > 0);
});

test('two answers, with their tokens', async () => {
  const { openai } = client();
  const body = { model: 'openai/gpt-4o', messages: user(question()), n: 2, logprobs: true, top_logprobs: 2 };
  const whole = await openai.chat.completions.create(body);
  const streamed = await openai.chat.completions.stream(body).finalChatCompletion();
  assert.equal(streamed.choices.length, 2);
  for (const i of [0, 1]) {
    assert.equal(streamed.choices[i].message.content, whole.choices[i].message.content);
    assert.deepEqual(streamed.choices[i].logprobs.content, whole.choices[i].logprobs.content);
  }
  await assert.rejects(openai.chat.completions.create({ ...body, model: 'echo/any' }), (e) => e instanceof OpenAI.BadRequestError && /cannot say/.test(e.message));
});

for (const [model, stream, count] of [
  ['openai/tools', false, 1],
  ['openai/tools', false, 2],
  ['openai/tools', true, 2],
  ['openai/interleaved-tools', true, 2],
]) {
  test(`runTools, ${count} at once, ${stream ? 'streamed' : 'whole'}, ${model}`, async () => {
    const { openai } = client();
    const q = question();
    const ran = [];
    const tools = ['depth', 'flow'].slice(0, count).map((name) => ({
      type: 'function',
      function: {
        name,
        description: `Tells the ${name}.`,
        parameters: where,
        parse: JSON.parse,
        function: (input) => {
          ran.push([name, input.place]);
          return `${name} is 3`;
        },
      },
    }));
    const runner = openai.chat.completions.runTools({ model, messages: user(q), tools, stream });
    assert.equal(await runner.finalContent(), `You said: ${q}`);
    assert.deepEqual(ran, [['depth', 'text'], ['flow', 'text']].slice(0, count));
    const [first, second] = await sent(q);
    assert.equal(first.body.messages.length, 1);
    assert.deepEqual(second.body.messages.map((m) => m.role), ['user', 'assistant', 'tool', 'tool'].slice(0, 2 + count));
    assert.equal(second.error, undefined);
  });
}

test('a tool loop by hand over echo', async () => {
  const { openai } = client();
  const messages = user(question());
  const tools = [{ type: 'function', function: { name: 'depth', parameters: where } }];
  const first = await openai.chat.completions.create({ model: 'echo/any', messages, tools, tool_choice: 'required' });
  assert.equal(first.choices[0].finish_reason, 'tool_calls');
  const [call] = first.choices[0].message.tool_calls;
  assert.equal(call.function.name, 'depth');
  messages.push(first.choices[0].message, { role: 'tool', tool_call_id: call.id, content: '3 m' });
  const last = await openai.chat.completions.create({ model: 'echo/any', messages, tools });
  assert.equal(last.choices[0].finish_reason, 'stop');
});

test('vision by data URL', async () => {
  const { openai } = client();
  const q = question();
  const content = [
    { type: 'text', text: q },
    { type: 'image_url', image_url: { url: `data:image/png;base64,${pixel}`, detail: 'low' } },
  ];
  const got = await openai.chat.completions.create({ model: 'openai/gpt-4o', messages: user(content) });
  assert.equal(got.choices[0].message.content, `You said: ${q}`);
  assert.deepEqual((await sentOnce(q)).messages, user(content));
});

test('structured output', async () => {
  const { openai } = client();
  const q = question();
  const response_format = { type: 'json_schema', json_schema: { name: 'level', strict: true, schema: level } };
  const got = await openai.chat.completions.parse({ model: 'openai/gpt-4o', messages: user(q), response_format });
  assert.deepEqual(JSON.parse(got.choices[0].message.content), { place: 'text', metres: 1 });
  assert.deepEqual((await sentOnce(q)).response_format, response_format);
});

test('embeddings', async () => {
  const { openai, tap } = client();
  const input = [question(), question()];
  const model = 'openai/text-embedding-3-small';
  const packed = await openai.embeddings.create({ model, input, dimensions: 8 }); // the SDK asks for base64 and unpacks it
  const plain = await openai.embeddings.create({ model, input, dimensions: 8, encoding_format: 'float' });
  assert.equal(packed.data.length, 2);
  for (const i of [0, 1]) {
    assert.equal(packed.data[i].embedding.length, 8);
    packed.data[i].embedding.forEach((x, k) => assert.ok(Math.abs(x - plain.data[i].embedding[k]) < 1e-6));
  }
  assert.notDeepEqual(packed.data[0].embedding, packed.data[1].embedding);
  const r = await row(tap.id());
  assert.equal(r.tokens.input, plain.usage.prompt_tokens);
  assert.ok(r.cost_nano_usd > 0);
});

test('models', async () => {
  const { openai } = client();
  const all = await collect(openai.models.list());
  assert.ok(all.some((m) => m.id === 'nobody' && m.object === 'model'));
  assert.equal((await openai.models.retrieve('openai/gpt-4o')).id, 'openai/gpt-4o');
});

test('a wrong key is a 401', async () => {
  for (const [apiKey, code] of [
    ['sk-weir-mistyped', 'malformed_api_key'],
    ['sk-of-another-vendor', 'missing_api_key'],
  ]) {
    const { openai, tap } = client({ apiKey, maxRetries: 2 });
    await assert.rejects(openai.models.list(), OpenAI.AuthenticationError);
    await assert.rejects(openai.chat.completions.create({ model: 'echo/any', messages: user('hi') }), (e) => {
      assert.ok(e instanceof OpenAI.AuthenticationError);
      assert.equal(e.status, 401);
      assert.equal(e.code, code);
      assert.ok(e.requestID);
      return true;
    });
    assert.equal(tap.exchanges.length, 2, 'the SDK does not try again');
  }
});

for (const stream of [false, true]) {
  const how = stream ? 'streamed' : 'whole';

  test(`a model that is not there is a 404, ${how}`, async () => {
    const { openai, tap } = client({ maxRetries: 2 });
    for (const model of ['no-such-model', 'openai/no-such-model']) {
      await assert.rejects(openai.chat.completions.create({ model, messages: user(question()), stream }), (e) => {
        assert.ok(e instanceof OpenAI.NotFoundError);
        assert.equal(e.code, 'model_not_found');
        return true;
      });
    }
    assert.equal(tap.exchanges.length, 2, 'the SDK does not try again');
  });

  test(`too long a prompt is a 400 with the vendor's words, ${how}`, async () => {
    const { openai, tap } = client({ maxRetries: 2 });
    await assert.rejects(openai.chat.completions.create({ model: 'openai/context-length', messages: user(question()), stream }), (e) => {
      assert.ok(e instanceof OpenAI.BadRequestError);
      assert.equal(e.code, 'context_length_exceeded');
      assert.equal(e.param, 'messages');
      assert.match(e.message, /maximum context length is 8192 tokens/);
      return true;
    });
    assert.equal(tap.exchanges.length, 1);
  });

  test(`a failing vendor is tried again by the SDK, ${how}`, async () => {
    for (const [model, status, code] of [
      ['openai/status-503', 502, 'provider_error'],
      ['openai/status-429', 503, 'provider_throttled'],
    ]) {
      const { openai, tap } = client({ maxRetries: 1 });
      const q = question();
      await assert.rejects(openai.chat.completions.create({ model, messages: user(q), stream }), (e) => {
        assert.ok(e instanceof OpenAI.InternalServerError);
        assert.equal(e.status, status);
        assert.equal(e.code, code);
        return true;
      });
      assert.equal(tap.exchanges.length, 2);
      assert.equal((await sent(q)).length, 2, 'each try reaches the vendor once');
      assert.equal((await row(tap.id())).outcome, 'upstream_error');
    }
  });
}

test('nobody listens', async () => {
  const { openai } = client();
  await assert.rejects(openai.chat.completions.create({ model: 'nobody', messages: user('hi') }), { status: 502, code: 'provider_error' });
});

test('an error in mid-stream is thrown', async () => {
  const { openai, tap } = client();
  for (const model of ['openai/error-in-stream', 'openai/cut']) {
    const chunks = [];
    const stream = await openai.chat.completions.create({ model, messages: user(question()), stream: true });
    await assert.rejects(async () => {
      for await (const c of stream) chunks.push(c);
    }, OpenAI.APIError);
    assert.ok(chunks.length > 0);
    assert.notEqual((await row(tap.id())).outcome, 'ok');
  }
});

test('a stream that is left is settled by what the vendor says', async () => {
  for (const leave of [(s) => s.controller.abort(), null]) {
    const { openai, tap } = client();
    const q = question();
    const stream = await openai.chat.completions.create({ model: 'openai/trickle', messages: user(q), stream: true });
    let text = '';
    for await (const c of stream) {
      text += c.choices[0]?.delta?.content ?? '';
      if (!text) continue;
      if (!leave) break; // the SDK closes the stream
      leave(stream);
    }
    assert.notEqual(text, 'The water stands at the mark.');
    const r = await row(tap.id(), { wait: true });
    assert.equal(r.state, 'settled');
    assert.equal(r.outcome, 'client_gone');
    assert.equal(r.usage_source, 'drained');
    assert.equal(r.tokens.output, 6, 'all words of the answer');
    assert.ok(r.cost_nano_usd > 0);
    const [request] = await sent(q);
    assert.deepEqual([request.reported, request.gone], [true, false]);
  }
});

test('an abort before the head', async () => {
  const { openai, tap } = client({ maxRetries: 2 });
  const q = question();
  const control = new AbortController();
  const call = openai.chat.completions.create({ model: 'openai/late', messages: user(q) }, { signal: control.signal });
  for (const end = Date.now() + 10_000; (await sent(q)).length === 0 && Date.now() < end; ) {
    // until the vendor has it
  }
  control.abort();
  await assert.rejects(call, OpenAI.APIUserAbortError);
  assert.equal(tap.exchanges.length, 0);
  assert.equal((await sent(q)).length, 1);
});

test('keep-alives before the first token are not seen', async () => {
  const { openai, tap } = client();
  const chunks = await collect(await openai.chat.completions.create({ model: 'openai/late', messages: user(question()), stream: true }));
  assert.equal(textOf(chunks), 'The water stands at the mark.');
  assert.match(tap.last().text, /^: keep-alive\n/);
  assert.equal(tap.last().headers.get('x-weir-provider'), null, 'the head left before that was known');
  assert.equal((await row(tap.id())).provider, 'openai');
});
