// Vercel's AI SDK, through three of its providers, each over a vendor of
// OpenAI's dialect.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, embedMany, generateObject, generateText, jsonSchema, stepCountIs, streamObject, streamText, tool } from 'ai';
import { key, level, pixel, question, row, sent, sentOnce, url, where, wiretap } from './stage.mjs';

// Of every model that is not of its own list the SDK says that it does not know it.
globalThis.AI_SDK_LOG_WARNINGS = false;

const baseURL = `${url}/v1`;
const providers = {
  openai: (fetch) => createOpenAI({ baseURL, apiKey: key, fetch }).chat,
  'openai-compatible': (fetch) => createOpenAICompatible({ name: 'weir', baseURL, apiKey: key, fetch, includeUsage: true, supportsStructuredOutputs: true }),
  anthropic: (fetch) => createAnthropic({ baseURL, apiKey: key, fetch }),
};

for (const [name, open] of Object.entries(providers)) {
  const set = () => {
    const tap = wiretap();
    const model = open(tap.fetch);
    return { tap, ask: (id, more) => ({ model: model(id), maxRetries: 0, ...more }) };
  };

  for (const [model, answer] of [
    ['openai/gpt-4o-mini', (q) => `You said: ${q}`],
    ['echo/any', (q) => q],
  ]) {
    test(`${name}: generateText with ${model}`, async () => {
      const { tap, ask } = set();
      const q = question();
      const got = await generateText(ask(model, { system: 'Be brief.', prompt: q }));
      assert.equal(got.text, answer(q));
      assert.equal(got.finishReason, 'stop');
      const r = await row(tap.id());
      assert.deepEqual([r.outcome, r.tokens.input, r.tokens.output], ['ok', got.usage.inputTokens, got.usage.outputTokens]);
    });

    test(`${name}: streamText with ${model}`, async () => {
      const { tap, ask } = set();
      const q = question();
      const got = streamText(ask(model, { prompt: q }));
      const pieces = [];
      for await (const piece of got.textStream) pieces.push(piece);
      assert.equal(pieces.join(''), answer(q));
      assert.ok(pieces.length > 2, 'it comes in pieces');
      assert.equal(await got.finishReason, 'stop');
      const r = await row(tap.id());
      const usage = await got.usage;
      assert.deepEqual([r.outcome, r.tokens.input, r.tokens.output], ['ok', usage.inputTokens, usage.outputTokens]);
    });
  }

  for (const stream of [false, true]) {
    test(`${name}: tools in parallel, ${stream ? 'streamed' : 'whole'}`, async () => {
      const { ask } = set();
      const q = question();
      const ran = [];
      const gauge = (what) =>
        tool({
          description: `Tells the ${what}.`,
          inputSchema: jsonSchema(where),
          execute: async (input) => {
            ran.push([what, input.place]);
            return `${what} is 3`;
          },
        });
      const options = ask('openai/tools', { prompt: q, tools: { depth: gauge('depth'), flow: gauge('flow') }, stopWhen: stepCountIs(4) });
      const got = stream ? streamText(options) : await generateText(options);
      assert.equal(await got.text, `You said: ${q}`);
      assert.equal((await got.steps).length, 2);
      assert.deepEqual(ran.sort(), [['depth', 'text'], ['flow', 'text']]);
      const [, second] = await sent(q);
      assert.equal(second.error, undefined);
      assert.deepEqual(second.body.messages.map((m) => m.role), ['user', 'assistant', 'tool', 'tool']);
    });
  }

  test(`${name}: generateObject`, async () => {
    const { ask } = set();
    const q = question();
    const { object } = await generateObject(ask('openai/gpt-4o', { prompt: q, schema: jsonSchema(level) }));
    assert.deepEqual({ place: object.place, metres: object.metres }, { place: 'text', metres: 1 });
    await sentOnce(q);
  });

  test(`${name}: streamObject`, async () => {
    const { ask } = set();
    const got = streamObject(ask('openai/gpt-4o', { prompt: question(), schema: jsonSchema(level) }));
    const parts = [];
    for await (const part of got.partialObjectStream) parts.push(part);
    const { place, metres } = await got.object;
    assert.deepEqual({ place, metres }, { place: 'text', metres: 1 });
    assert.deepEqual(parts.at(-1), await got.object);
  });

  if (name !== 'openai') {
    test(`${name}: reasoning`, async () => {
      const { ask } = set();
      const thought = 'First I think about it. Then I answer.';
      assert.equal((await generateText(ask('openai/deepseek-reasoner', { prompt: question() }))).reasoningText, thought);
      assert.equal(await streamText(ask('openai/deepseek-reasoner', { prompt: question() })).reasoningText, thought);
    });
  }

  test(`${name}: an image`, async () => {
    const { ask } = set();
    const q = question();
    const content = [
      { type: 'text', text: q },
      { type: 'image', image: pixel, mediaType: 'image/png' },
    ];
    const got = await generateText(ask('openai/gpt-4o', { messages: [{ role: 'user', content }] }));
    assert.equal(got.text, `You said: ${q}`);
    assert.equal((await sentOnce(q)).messages[0].content[1].image_url.url, `data:image/png;base64,${pixel}`);
  });

  test(`${name}: errors`, async () => {
    for (const [model, status, again] of [
      ['no-such-model', 404, false],
      ['openai/context-length', 400, false],
      ['openai/status-503', 502, true],
    ]) {
      const { ask } = set();
      await assert.rejects(generateText(ask(model, { prompt: question() })), (e) => {
        assert.ok(APICallError.isInstance(e));
        assert.equal(e.statusCode, status);
        assert.equal(e.isRetryable, again);
        return true;
      });
    }
  });

  test(`${name}: an error in mid-stream is told`, async () => {
    const { tap, ask } = set();
    const errors = [];
    const got = streamText(ask('openai/cut', { prompt: question(), onError: ({ error }) => errors.push(error) }));
    let text = '';
    for await (const part of got.fullStream) if (part.type === 'text-delta') text += part.text;
    assert.ok(text.length > 0);
    assert.equal(errors.length, 1);
    assert.equal((await row(tap.id())).outcome, 'truncated');
  });

  test(`${name}: a stream that is left is settled`, async () => {
    const { tap, ask } = set();
    const control = new AbortController();
    const got = streamText(ask('openai/trickle', { prompt: question(), abortSignal: control.signal, onError: () => {} }));
    for await (const part of got.fullStream) if (part.type === 'text-delta' && part.text) control.abort();
    const r = await row(tap.id(), { wait: true });
    assert.deepEqual([r.state, r.outcome, r.usage_source, r.tokens.output], ['settled', 'client_gone', 'drained', 6]);
  });

  test(`${name}: keep-alives before the first token are not seen`, async () => {
    const { tap, ask } = set();
    const got = streamText(ask('openai/late', { prompt: question() }));
    assert.equal(await got.text, 'The water stands at the mark.');
    assert.match(tap.last().text, /^(: keep-alive|event: ping)\n/);
  });
}

test('embedMany', async () => {
  for (const provider of [createOpenAI({ baseURL, apiKey: key }), createOpenAICompatible({ name: 'weir', baseURL, apiKey: key })]) {
    const got = await embedMany({ model: provider.textEmbeddingModel('openai/text-embedding-3-small'), values: [question(), question()] });
    assert.deepEqual(got.embeddings.map((e) => e.length), [16, 16]);
    assert.ok(got.usage.tokens > 0);
  }
});
