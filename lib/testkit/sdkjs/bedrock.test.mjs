// Models of Bedrock, asked through each of the SDKs: Claude as its vendor's own
// API and as OpenAI's, and Nova, which speaks neither.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import Anthropic from '@anthropic-ai/sdk';
import { generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai';
import OpenAI from 'openai';
import { bedrock, key, question, row, sent, url, where, wiretap } from './stage.mjs';

const sonnet = 'anthropic.claude-sonnet-4-5';
const nova = 'amazon.nova-pro-v1';
const user = (content) => [{ role: 'user', content }];
const textOf = (message) => message.content.filter((b) => b.type === 'text').map((b) => b.text).join('');

function set(options = {}) {
  const tap = wiretap();
  const common = { apiKey: key, maxRetries: 0, fetch: tap.fetch, ...options };
  return {
    tap,
    anthropic: new Anthropic({ baseURL: url, ...common }),
    openai: new OpenAI({ baseURL: `${url}/v1`, ...common }),
    viaAnthropic: createAnthropic({ baseURL: `${url}/v1`, ...common }),
    viaOpenAI: createOpenAI({ baseURL: `${url}/v1`, ...common }).chat,
  };
}

const said = { Text: 'The weir is \u2028 3 m deep.', Usage: { Input: 23, Output: 19, CacheRead: 5 } };

/** Checks the row of the newest call against what Bedrock reported. */
async function booked(tap) {
  const { outcome, provider, tokens, usage_source, cost_nano_usd } = await row(tap.id());
  assert.deepEqual([outcome, provider, tokens.input, tokens.cache_read, tokens.output, usage_source], ['ok', 'bedrock', 23, 5, 19, 'provider']);
  assert.ok(cost_nano_usd > 0);
  return cost_nano_usd;
}

for (const name of [sonnet, nova]) {
  test(`${name}: whole and streamed, by each SDK`, async () => {
    const { anthropic, openai, viaAnthropic, viaOpenAI, tap } = set();
    const model = await bedrock(name, ...Array(8).fill(said));
    const q = question();
    const costs = new Set();
    for (const ask of [
      async () => textOf(await anthropic.messages.create({ model, max_tokens: 1000, messages: user(q) })),
      async () => textOf(await anthropic.messages.stream({ model, max_tokens: 1000, messages: user(q) }).finalMessage()),
      async () => (await openai.chat.completions.create({ model, messages: user(q) })).choices[0].message.content,
      async () => openai.chat.completions.stream({ model, messages: user(q) }).finalContent(),
      async () => (await generateText({ model: viaAnthropic(model), prompt: q, maxRetries: 0 })).text,
      async () => streamText({ model: viaAnthropic(model), prompt: q, maxRetries: 0 }).text,
      async () => (await generateText({ model: viaOpenAI(model), prompt: q, maxRetries: 0 })).text,
      async () => streamText({ model: viaOpenAI(model), prompt: q, maxRetries: 0 }).text,
    ]) {
      assert.equal(await ask(), said.Text);
      costs.add(await booked(tap));
    }
    assert.equal(costs.size, 1, 'a question costs the same, however it is asked');
    const requests = await sent(q);
    assert.deepEqual(requests.map((r) => r.error), Array(8).fill(undefined));
    const ops = requests.map((r) => r.path.split('/').at(-1));
    const [whole, streamed] = name === sonnet ? ['invoke', 'invoke-with-response-stream'] : ['converse', 'converse-stream'];
    assert.deepEqual(ops, [whole, streamed, 'converse', 'converse-stream', whole, streamed, 'converse', 'converse-stream']);
  });

  test(`${name}: tools in parallel, by each SDK`, async () => {
    const calls = (turn) => ['depth', 'flow'].map((Name) => ({ ID: `tooluse_${turn}_${Name}`, Name, Input: '{"place":"Zürich \\u2028"}' }));
    for (const via of ['viaAnthropic', 'viaOpenAI']) {
      for (const ask of [generateText, streamText]) {
        const s = set();
        const thought = name === sonnet ? { Thinking: 'First I look at the gauge.', Signature: 'c2lnbmVk' } : {};
        const model = await bedrock(name, { ...thought, Calls: calls(1) }, { ...thought, Calls: calls(2) }, said);
        const q = question();
        const places = [];
        const gauge = (what) =>
          tool({ description: `Tells the ${what}.`, inputSchema: jsonSchema(where), execute: ({ place }) => `${what} is ${places.push(place)}` });
        const got = await ask({
          model: s[via](model), maxRetries: 0, prompt: q, tools: { depth: gauge('depth'), flow: gauge('flow') }, stopWhen: stepCountIs(4),
          providerOptions: name === sonnet ? { anthropic: { thinking: { type: 'enabled', budgetTokens: 2000 } } } : {},
        });
        assert.equal(await got.text, said.Text);
        assert.deepEqual(places, Array(4).fill('Zürich \u2028'));
        const requests = await sent(q);
        assert.deepEqual(requests.map((r) => r.error), [undefined, undefined, undefined]);
        if (name === sonnet && via === 'viaAnthropic') {
          assert.deepEqual(requests[2].body.messages.filter((m) => m.role === 'assistant').map((m) => m.content[0].signature), ['c2lnbmVk', 'c2lnbmVk']);
        }
      }
    }
  });

  test(`${name}: errors, by each SDK`, async () => {
    const exception = (Type, Message) => ({ Exception: { Type, Message } });
    for (const [answer, anthropicStatus, openaiStatus, code] of [
      [exception('ThrottlingException', 'Too many tokens'), 529, 503, 'provider_throttled'],
      [exception('AccessDeniedException', 'User: arn:aws:iam::123456789012:user/weir is not authorized'), 502, 502, 'provider_refused'],
      [exception('ValidationException', 'Input is too long for requested model.'), 400, 400, 'context_length_exceeded'],
    ]) {
      const { anthropic, openai } = set();
      const model = await bedrock(name, answer, answer);
      await assert.rejects(anthropic.messages.create({ model, max_tokens: 10, messages: user('hi') }), (e) => {
        assert.equal(e.status, anthropicStatus);
        assert.doesNotMatch(JSON.stringify(e.error), /arn:/);
        return true;
      });
      await assert.rejects(openai.chat.completions.create({ model, messages: user('hi') }), (e) => {
        assert.deepEqual([e.status, e.code], [openaiStatus, code]);
        assert.doesNotMatch(JSON.stringify(e.error), /arn:/);
        return true;
      });
    }
    const late = { ...exception('ModelStreamErrorException', 'The stream broke.'), Text: 'The water stands at the mark.', After: 5 };
    for (const broken of [late, { Text: 'The water stands at the mark.'.repeat(9), Cut: 1500 }]) {
      const { anthropic, openai, tap } = set();
      const model = await bedrock(name, broken, broken);
      await assert.rejects(anthropic.messages.stream({ model, max_tokens: 1000, messages: user('hi') }).finalMessage(), Anthropic.APIError);
      assert.notEqual((await row(tap.id())).outcome, 'ok');
      await assert.rejects(openai.chat.completions.stream({ model, messages: user('hi') }).finalChatCompletion(), OpenAI.APIError);
      assert.notEqual((await row(tap.id())).outcome, 'ok');
    }
  });
}
