// What OpenAI's SDK asks for beside what the matrix does: choices, tokens,
// embeddings, and usage that was not asked for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import { key, question, row, url, wiretap } from './stage.mjs';

function client() {
  const tap = wiretap();
  return { tap, openai: new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0, fetch: tap.fetch }) };
}

const user = (content) => [{ role: 'user', content }];

for (const model of ['openai/gpt-4o-mini', 'echo/any']) {
  test(`usage is told to those who asked, ${model}`, async () => {
    for (const include_usage of [false, true]) {
      const { openai, tap } = client();
      const options = include_usage ? { stream_options: { include_usage } } : {};
      const reports = [];
      for await (const chunk of await openai.chat.completions.create({ model, messages: user(question()), stream: true, ...options })) {
        if (chunk.usage) reports.push(chunk);
      }
      assert.equal(reports.length, include_usage ? 1 : 0);
      const r = await row(tap.id());
      assert.equal(r.usage_source, 'provider');
      assert.ok(r.tokens.output > 0 && r.cost_nano_usd > 0);
      if (!include_usage) continue;
      assert.deepEqual(reports[0].choices, []);
      assert.deepEqual([r.tokens.input, r.tokens.output], [reports[0].usage.prompt_tokens, reports[0].usage.completion_tokens]);
    }
  });
}

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
  for (const model of ['echo/any', 'anthropic/claude-sonnet-4-5', 'bedrock/eu.amazon.nova-pro-v1:0']) {
    await assert.rejects(openai.chat.completions.create({ ...body, model }), (e) => e instanceof OpenAI.BadRequestError && /\bn\b|logprobs/.test(e.message));
  }
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

test("another vendor's key is a 401", async () => {
  const tap = wiretap();
  const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'sk-of-another-vendor', fetch: tap.fetch });
  await assert.rejects(openai.models.list(), OpenAI.AuthenticationError);
  await assert.rejects(openai.chat.completions.create({ model: 'echo/any', messages: user('hi') }), { status: 401, code: 'missing_api_key' });
  assert.equal(tap.exchanges.length, 2, 'the SDK does not try again');
});

test('nobody listens', async () => {
  const { openai } = client();
  await assert.rejects(openai.chat.completions.create({ model: 'nobody', messages: user('hi') }), { status: 502, code: 'provider_error' });
});
