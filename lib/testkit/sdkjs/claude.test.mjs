// Claude, as its vendor serves it, asked through each of the SDKs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import Anthropic from '@anthropic-ai/sdk';
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema';
import { generateObject, generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai';
import OpenAI from 'openai';
import { claude, key, level, pixel, question, row, sent, sentOnce, url, where, wiretap } from './stage.mjs';

const plain = 'anthropic/claude-sonnet-4-5';
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
    viaCompatible: createOpenAICompatible({ name: 'weir', baseURL: `${url}/v1`, includeUsage: true, ...common }),
  };
}

/** Checks a call's row against what the SDK showed. */
async function booked(tap, input, output) {
  const r = await row(tap.id());
  assert.deepEqual([r.outcome, r.provider, r.tokens.input, r.tokens.output, r.usage_source], ['ok', 'anthropic', input, output, 'provider']);
  assert.ok(r.cost_nano_usd > 0);
}

test('@anthropic-ai/sdk: whole, streamed, counted', async () => {
  const { anthropic, tap } = set();
  const q = question();
  const body = { model: plain, max_tokens: 1000, system: 'Be brief.', messages: user(q) };
  const whole = await anthropic.messages.create(body);
  assert.equal(textOf(whole), `You said: ${q}`);
  await booked(tap, whole.usage.input_tokens, whole.usage.output_tokens);
  const streamed = await anthropic.messages.stream(body).finalMessage();
  assert.deepEqual(streamed.content, whole.content);
  assert.deepEqual(streamed.usage, whole.usage);
  await booked(tap, whole.usage.input_tokens, whole.usage.output_tokens);
  assert.equal((await anthropic.messages.countTokens({ model: plain, system: 'Be brief.', messages: user(q) })).input_tokens, whole.usage.input_tokens);
  assert.equal(tap.last().headers.get('x-weir-loss'), null, 'the vendor counted');
});

test('openai: whole and streamed', async () => {
  const { openai, tap } = set();
  const q = question();
  const body = { model: plain, messages: [{ role: 'system', content: 'Be brief.' }, ...user(q)] };
  const whole = await openai.chat.completions.create(body);
  assert.equal(whole.choices[0].message.content, `You said: ${q}`);
  assert.equal(whole.choices[0].finish_reason, 'stop');
  await booked(tap, whole.usage.prompt_tokens, whole.usage.completion_tokens);
  const streamed = await openai.chat.completions.stream({ ...body, stream_options: { include_usage: true } }).finalChatCompletion();
  assert.equal(streamed.choices[0].message.content, whole.choices[0].message.content);
  assert.equal(streamed.usage.total_tokens, whole.usage.total_tokens);
  assert.deepEqual((await sent(q)).map((r) => [r.path, r.error]), [['/v1/messages', undefined], ['/v1/messages', undefined]]);
});

test('ai: whole and streamed', async () => {
  for (const via of ['viaAnthropic', 'viaOpenAI']) {
    const s = set();
    const q = question();
    const whole = await generateText({ model: s[via](plain), prompt: q, maxRetries: 0 });
    assert.equal(whole.text, `You said: ${q}`);
    await booked(s.tap, whole.usage.inputTokens, whole.usage.outputTokens);
    const streamed = streamText({ model: s[via](plain), prompt: q, maxRetries: 0 });
    assert.equal(await streamed.text, whole.text);
    assert.deepEqual((await streamed.usage).totalTokens, whole.usage.totalTokens);
  }
});

const thinking = { Thinking: 'First I look at the gauge.', AllTools: true };

for (const stream of [false, true]) {
  const how = stream ? 'streamed' : 'whole';

  test(`@anthropic-ai/sdk: a tool loop with signed thinking, ${how}`, async () => {
    const { anthropic } = set();
    const model = await claude(thinking, thinking);
    const q = question();
    const messages = user(q);
    const tools = ['depth', 'flow'].map((name) => ({ name, input_schema: where }));
    let last;
    for (let turn = 0; turn < 3; turn++) {
      const body = { model, max_tokens: 4000, thinking: { type: 'enabled', budget_tokens: 2000 }, messages, tools };
      last = stream ? await anthropic.messages.stream(body).finalMessage() : await anthropic.messages.create(body);
      if (last.stop_reason !== 'tool_use') break;
      const [thought, ...calls] = last.content;
      assert.equal(thought.thinking, thinking.Thinking);
      assert.ok(thought.signature);
      assert.deepEqual(calls.map((c) => c.name), ['depth', 'flow']);
      messages.push({ role: 'assistant', content: last.content }, ...user(calls.map((c) => ({ type: 'tool_result', tool_use_id: c.id, content: `${c.name} is 3` }))));
    }
    assert.equal(last.stop_reason, 'end_turn');
    const requests = await sent(q);
    assert.deepEqual(requests.map((r) => r.error), [undefined, undefined, undefined]);
    assert.equal(textOf(last), `You said: ${q} / depth is 3 flow is 3 / depth is 3 flow is 3`);
  });

  test(`openai: a tool loop with signed thinking, ${how}`, async () => {
    const { openai } = set();
    const model = await claude(thinking, thinking);
    const q = question();
    const messages = user(q);
    const tools = ['depth', 'flow'].map((name) => ({ type: 'function', function: { name, parameters: where } }));
    let last;
    for (let turn = 0; turn < 3; turn++) {
      const body = { model, messages, tools, max_completion_tokens: 4000, thinking: { type: 'enabled', budget_tokens: 2000 } };
      if (stream) {
        last = { message: { role: 'assistant', content: null, tool_calls: [], thinking_blocks: [] } };
        for await (const chunk of await openai.chat.completions.create({ ...body, stream })) collect(last, chunk.choices[0]);
        if (last.message.tool_calls.length === 0) delete last.message.tool_calls;
      } else {
        last = (await openai.chat.completions.create(body)).choices[0];
      }
      if (last.finish_reason !== 'tool_calls') break;
      assert.equal(last.message.thinking_blocks.length, 1);
      assert.ok(last.message.thinking_blocks[0].signature);
      messages.push(last.message, ...last.message.tool_calls.map((c) => ({ role: 'tool', tool_call_id: c.id, content: `${c.function.name} is 3` })));
    }
    assert.deepEqual((await sent(q)).map((r) => r.error), [undefined, undefined, undefined]);
    assert.equal(last.message.content, `You said: ${q} / depth is 3 flow is 3 / depth is 3 flow is 3`);
  });

  test(`openai: runTools without the thinking of the turns before, ${how}`, async () => {
    const { openai } = set();
    const model = await claude(thinking);
    const q = question();
    const ran = [];
    const depth = (input) => {
      ran.push(input.call);
      return 'depth is 3';
    };
    const tools = [{ type: 'function', function: { name: 'depth', description: 'Tells the depth.', parameters: where, parse: JSON.parse, function: depth } }];
    const runner = openai.chat.completions.runTools({ model, messages: user(q), tools, stream, reasoning_effort: 'low', max_completion_tokens: 4000 });
    assert.equal(await runner.finalContent(), `You said: ${q} / depth is 3`);
    assert.deepEqual(ran, [1]);
    assert.deepEqual((await sent(q)).map((r) => r.error), [undefined, undefined]);
  });

  test(`ai: tools in parallel, ${how}`, async () => {
    for (const via of ['viaAnthropic', 'viaOpenAI']) {
      const s = set();
      const model = await claude(thinking);
      const q = question();
      const gauge = (what) => tool({ description: `Tells the ${what}.`, inputSchema: jsonSchema(where), execute: async () => `${what} is 3` });
      const options = {
        model: s[via](model), maxRetries: 0, prompt: q, tools: { depth: gauge('depth'), flow: gauge('flow') }, stopWhen: stepCountIs(4),
        providerOptions: { anthropic: { thinking: { type: 'enabled', budgetTokens: 2000 } } },
      };
      const got = stream ? streamText(options) : await generateText(options);
      assert.equal(await got.text, `You said: ${q} / depth is 3 flow is 3`);
      const [first] = await got.steps;
      assert.equal(first.reasoningText, via === 'viaAnthropic' ? thinking.Thinking : undefined);
      assert.deepEqual((await sent(q)).map((r) => r.error), [undefined, undefined]);
    }
  });
}

/** A tool that the SDK runs itself. */
const depth = betaTool({ name: 'depth', description: 'Tells the depth.', inputSchema: where, run: () => 'depth is 3' });

for (const stream of [false, true]) {
  // The SDK would have the vendor hold the conversation, and is told that it cannot.
  test(`@anthropic-ai/sdk: toolRunner, twelve turns, ${stream ? 'streamed' : 'whole'}`, async () => {
    const { anthropic } = set();
    const turn = { Thinking: 'First I look at the gauge.', Redacted: 'I may not say.', AllTools: true };
    const model = await claude(...Array.from({ length: 12 }, () => turn));
    const q = question();
    const runner = anthropic.beta.messages.toolRunner({
      model, max_tokens: 4000, thinking: { type: 'enabled', budget_tokens: 2000 }, messages: user(q), tools: [depth], stream,
    });
    let last;
    for await (const reply of runner) last = stream ? await reply.finalMessage() : reply;
    assert.equal(textOf(last), `You said: ${q}${' / depth is 3'.repeat(12)}`);
    const requests = await sent(q);
    assert.equal(requests.length, 13, 'a refused thread reaches nobody');
    assert.ok(requests.every((r) => r.error === undefined && r.body.thread === undefined));
  });
}

test('a thread of the vendor is refused', async () => {
  const { anthropic } = set();
  const q = question();
  for (const thread of [{ type: 'create' }, { type: 'continue', previous_message_id: 'msg_of_somebody_else' }]) {
    await assert.rejects(anthropic.beta.messages.create({ model: plain, max_tokens: 10, messages: user(q), thread }), (e) => {
      assert.ok(e instanceof Anthropic.BadRequestError);
      assert.equal(e.errorCode, 'thread_unsupported_request');
      return true;
    });
  }
  assert.deepEqual(await sent(q), []);
});

test('ai: thinking through openai-compatible', async () => {
  const { viaCompatible } = set();
  const model = await claude(thinking, thinking);
  const options = { model: viaCompatible(model), maxRetries: 0, maxOutputTokens: 4000, providerOptions: { weir: { reasoningEffort: 'low' } } };
  assert.equal((await generateText({ ...options, prompt: question() })).reasoningText, thinking.Thinking);
  assert.equal(await streamText({ ...options, prompt: question() }).reasoningText, thinking.Thinking);
});

/** Adds a chunk's choice to what came before, as the thinking members say. */
function collect(into, choice) {
  if (!choice) return;
  const { message } = into;
  const { content, tool_calls = [], thinking_blocks = [] } = choice.delta;
  if (content) message.content = (message.content ?? '') + content;
  for (const { index, ...call } of tool_calls) {
    if (!message.tool_calls[index]) message.tool_calls[index] = call;
    else message.tool_calls[index].function.arguments += call.function.arguments;
  }
  for (const block of thinking_blocks) {
    const found = message.thinking_blocks.find((b) => b.index === block.index);
    if (!found) message.thinking_blocks.push(block);
    else {
      found.thinking = (found.thinking ?? '') + (block.thinking ?? '');
      if (block.signature) found.signature = block.signature;
    }
  }
  into.finish_reason = choice.finish_reason ?? into.finish_reason;
}

test('an image, by each SDK', async () => {
  const s = set();
  const source = { type: 'base64', media_type: 'image/png', data: pixel };
  const dataURL = `data:image/png;base64,${pixel}`;
  for (const ask of [
    (q) => s.anthropic.messages.create({ model: plain, max_tokens: 100, messages: user([{ type: 'text', text: q }, { type: 'image', source }]) }),
    (q) => s.openai.chat.completions.create({ model: plain, messages: user([{ type: 'text', text: q }, { type: 'image_url', image_url: { url: dataURL } }]) }),
    (q) => generateText({ model: s.viaAnthropic(plain), messages: user([{ type: 'text', text: q }, { type: 'image', image: pixel, mediaType: 'image/png' }]) }),
  ]) {
    const q = question();
    await ask(q);
    assert.deepEqual((await sentOnce(q)).messages[0].content[1].source, source);
  }
});

test('structured output, by each SDK', async () => {
  const s = set();
  const words = { Text: '{"place":"Zürich","metres":3}' };
  const q = question();
  const first = await s.anthropic.messages.create({
    model: await claude(words), max_tokens: 100, messages: user(q), output_config: { format: { type: 'json_schema', schema: level } },
  });
  assert.deepEqual(JSON.parse(textOf(first)), { place: 'Zürich', metres: 3 });
  assert.deepEqual((await sentOnce(q)).output_config.format.schema, level);
  const q2 = question();
  const second = await s.openai.chat.completions.parse({
    model: await claude(words), messages: user(q2), response_format: { type: 'json_schema', json_schema: { name: 'level', strict: true, schema: level } },
  });
  assert.deepEqual(JSON.parse(second.choices[0].message.content), { place: 'Zürich', metres: 3 });
  assert.deepEqual((await sentOnce(q2)).output_config.format.schema, level);
  const { object } = await generateObject({ model: s.viaOpenAI(await claude(words)), prompt: question(), schema: jsonSchema(level) });
  assert.deepEqual(object, { place: 'Zürich', metres: 3 });
});

test('cache markers, and what the cache did', async () => {
  const { anthropic, tap } = set();
  const q = question();
  const marked = [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral', ttl: '1h' } }];
  const model = await claude({ CacheRead: 100, CacheWrite5m: 20, CacheWrite1h: 3 });
  const got = await anthropic.messages.create({ model, max_tokens: 100, system: marked, messages: user(q) });
  assert.deepEqual((await sentOnce(q)).system, marked);
  assert.equal(got.usage.cache_read_input_tokens, 100);
  const { tokens } = await row(tap.id());
  assert.deepEqual([tokens.cache_read, tokens.cache_write_5m, tokens.cache_write_1h], [100, 20, 3]);
});

test('errors, by each SDK', async () => {
  for (const [model, anthropicStatus, openaiStatus, tries] of [
    ['anthropic/no-such-model', 404, 404, 1],
    ['anthropic/claude-full', 400, 400, 1],
    ['anthropic/claude-overloaded', 529, 503, 2],
  ]) {
    const a = set({ maxRetries: 1 });
    await assert.rejects(a.anthropic.messages.create({ model, max_tokens: 10, messages: user('hi') }), { status: anthropicStatus });
    assert.equal(a.tap.exchanges.length, tries);
    const o = set({ maxRetries: 1 });
    await assert.rejects(o.openai.chat.completions.create({ model, messages: user('hi') }), (e) => {
      assert.equal(e.status, openaiStatus);
      if (model.endsWith('full')) assert.equal(e.code, 'context_length_exceeded');
      return true;
    });
    assert.equal(o.tap.exchanges.length, tries);
  }
});

test('an error in mid-stream, by each SDK', async () => {
  for (const model of ['anthropic/claude-fails', 'anthropic/claude-cut']) {
    const { anthropic, openai, tap } = set();
    await assert.rejects(anthropic.messages.stream({ model, max_tokens: 1000, messages: user('hi') }).finalMessage(), Anthropic.APIError);
    assert.notEqual((await row(tap.id())).outcome, 'ok');
    await assert.rejects(openai.chat.completions.stream({ model, messages: user('hi') }).finalChatCompletion(), OpenAI.APIError);
    assert.notEqual((await row(tap.id())).outcome, 'ok');
  }
});

test('a stream that is left, and one that is late', async () => {
  const { anthropic, openai, tap } = set();
  const q = question();
  const stream = anthropic.messages.stream({ model: 'anthropic/claude-trickle', max_tokens: 1000, messages: user(q) });
  stream.on('text', () => stream.abort());
  await assert.rejects(stream.finalMessage(), Anthropic.APIUserAbortError);
  const r = await row(tap.id(), { wait: true });
  assert.deepEqual([r.outcome, r.usage_source, r.tokens.output], ['client_gone', 'drained', 7]);
  const [request] = await sent(q);
  assert.deepEqual([request.reported, request.gone], [true, false]);
  const late = await openai.chat.completions.stream({ model: 'anthropic/claude-late', messages: user(question()) }).finalContent();
  assert.equal(late, 'The water stands at the mark.');
  assert.match(tap.last().text, /^: keep-alive\n/);
});
