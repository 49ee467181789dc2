// Vercel's AI SDK, through three of its providers.
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, generateObject, generateText, jsonSchema, stepCountIs, streamObject, streamText, tool } from 'ai';
import { key, url, where, wiretap } from '../stage.mjs';

// Of every model that is not of its own list the SDK says that it does not know it.
globalThis.AI_SDK_LOG_WARNINGS = false;

const baseURL = `${url}/v1`;

export const clients = [
  client('ai: @ai-sdk/openai', 'Chat', 'openai', (o) => createOpenAI(o).chat),
  client('ai: @ai-sdk/openai-compatible', 'Chat', 'weir', (o) => createOpenAICompatible({ name: 'weir', includeUsage: true, supportsStructuredOutputs: true, ...o })),
  client('ai: @ai-sdk/anthropic', 'Messages', 'anthropic', (o) => createAnthropic(o)),
];

function client(name, front, options, provider) {
  return {
    name, front, sdk: 'ai', via: options,
    open({ maxRetries = 0, headers, apiKey = key } = {}) {
      const tap = wiretap();
      const model = provider({ baseURL, apiKey, headers, fetch: tap.fetch });
      const common = (r) => ({ ...settings(r, options), model: model(r.model), maxRetries });
      return {
        tap,
        ask: async (r, stream) => reply(await (stream ? streamed : generateText)({ ...common(r), tools: tools(r) }, r.onText), tap),
        loop: async (r, run, stream) => reply(await (stream ? streamed : generateText)({ ...common(r), tools: tools(r, run), stopWhen: stepCountIs(20) }), tap),
        object: async (r, stream) => {
          const asked = { ...common(r), schema: jsonSchema(r.schema) };
          if (!stream) return (await generateObject(asked)).object;
          const got = streamObject({ ...asked, onError: () => {} });
          for await (const part of got.fullStream) {
            if (part.type === 'error') throw part.error;
            if (part.type === 'object') r.onPart?.(part.object);
          }
          return got.object;
        },
      };
    },
    error,
    adds: (request, cell) => (cell.translated && front === 'Messages' ? own(request, cell.stream) : []),
  };
}

/** The members and headers that the provider of Anthropic's dialect adds by itself, and that other dialects lose. */
function own(request, stream) {
  const fields = [];
  if (stream && request.tools) fields.push('tools[0].eager_input_streaming');
  if (JSON.stringify(request.turns).includes('"pdf"')) fields.push('anthropic-beta');
  return [{ word: 'loss', fields }];
}

function error(e) {
  if (e.name === 'AbortError') return { kind: 'aborted', raw: e };
  if (!APICallError.isInstance(e)) return { kind: 'api', text: e.message, raw: e };
  const kinds = { 400: 'invalid', 401: 'unauthenticated', 403: 'forbidden', 404: 'missing', 429: 'limited' };
  return {
    kind: kinds[e.statusCode] ?? (e.statusCode >= 500 ? 'server' : 'api'), status: e.statusCode, again: e.isRetryable,
    code: e.data?.error?.code ?? e.data?.error?.type, param: e.data?.error?.param, text: e.message, id: e.responseHeaders?.['x-request-id'], raw: e,
  };
}

function cache(mark) {
  if (!mark) return {};
  const life = mark === true ? {} : { ttl: mark };
  return { providerOptions: { anthropic: { cacheControl: { type: 'ephemeral', ...life } }, openaiCompatible: { cache_control: { type: 'ephemeral', ...life } } } };
}

function part(p) {
  if (p.image) return { type: 'image', image: p.image, mediaType: 'image/png' };
  if (p.imageURL) return { type: 'image', image: new URL(p.imageURL) };
  if (p.pdf) return { type: 'file', data: p.pdf, mediaType: 'application/pdf', filename: p.name ?? 'survey.pdf' };
  return { type: 'text', text: p.text, ...cache(p.mark) };
}

const content = (c) => (typeof c === 'string' ? c : c.map(part));

function messages({ turns }) {
  const all = [];
  for (const t of turns) {
    if (t.user !== undefined) all.push({ role: 'user', content: content(t.user) });
    else if (t.reply) all.push(...t.reply.native);
    else if (t.assistant !== undefined) all.push({ role: 'assistant', content: t.assistant });
    else {
      all.push({
        role: 'tool',
        content: t.results.map((r) => ({
          type: 'tool-result', toolCallId: r.call.id, toolName: r.call.name,
          output: r.image
            ? { type: 'content', value: [{ type: 'image-data', data: r.image, mediaType: 'image/png' }] }
            : { type: r.failed ? 'error-text' : 'text', value: r.text },
        })),
      });
    }
  }
  return all;
}

function system(s) {
  if (!s || typeof s === 'string') return s;
  return s.map((p) => ({ role: 'system', content: p.text, ...cache(p.mark) }));
}

function tools(r, run) {
  if (!r.tools) return undefined;
  return Object.fromEntries(
    r.tools.map((t) => [
      t.name,
      tool({
        description: t.description ?? `Tells the ${t.name}.`,
        inputSchema: jsonSchema(t.schema ?? where),
        ...cache(t.mark),
        ...(run && { execute: async (input, { toolCallId }) => run({ id: toolCallId, name: t.name, input }) }),
      }),
    ]),
  );
}

const choice = (c) => ({ auto: 'auto', any: 'required', none: 'none' }[c] ?? { type: 'tool', toolName: c });

/** What a request sets beside its tools. Reasoning is each provider's own option. */
function settings(r, via) {
  const own = {
    openai: { ...(r.effort && { reasoningEffort: r.effort, forceReasoning: true }), ...(r.parallel === false && { parallelToolCalls: false }) },
    weir: { ...(r.effort && { reasoningEffort: r.effort }) },
    anthropic: {
      ...(r.effort && { effort: r.effort }), ...(r.budget && { thinking: { type: 'enabled', budgetTokens: r.budget } }),
      ...(r.parallel === false && { disableParallelToolUse: true }),
    },
  }[via];
  return {
    system: system(r.system),
    messages: messages(r),
    maxOutputTokens: r.max,
    stopSequences: r.stop,
    temperature: r.temperature,
    seed: r.seed,
    topK: r.topK,
    abortSignal: r.signal,
    headers: r.headers,
    ...(r.choice && { toolChoice: choice(r.choice) }),
    providerOptions: { [via]: { ...own, ...r.more } },
  };
}

/** streamText, read to its end as whoever shows the answer does; what goes wrong is thrown. */
async function streamed(options, onText = () => {}) {
  const got = streamText({ ...options, onError: () => {} });
  for await (const p of got.fullStream) {
    if (p.type === 'error') throw p.error;
    if (p.type === 'abort') throw new DOMException('aborted', 'AbortError');
    if (p.type === 'text-delta' && p.text) onText(p.text);
  }
  const read = async (name) => [name, await got[name]];
  const names = ['text', 'reasoning', 'reasoningText', 'toolCalls', 'finishReason', 'rawFinishReason', 'usage', 'response', 'steps', 'content'];
  return Object.fromEntries(await Promise.all(names.map(read)));
}

const finishes = { stop: 'end', length: 'length', 'tool-calls': 'tools', 'content-filter': 'filter' };

function reply(got) {
  const u = got.usage;
  const write = u.inputTokenDetails?.cacheWriteTokens ?? 0;
  const read = u.inputTokenDetails?.cacheReadTokens ?? 0;
  return {
    text: got.text,
    thoughts: got.reasoningText,
    calls: got.toolCalls.map((c) => ({ id: c.toolCallId, name: c.toolName, input: c.input })),
    finish: finishes[got.finishReason] ?? got.finishReason,
    raw: got.rawFinishReason,
    usage: { input: u.inputTokens - read - write, read, write, output: u.outputTokens },
    native: got.response.messages,
    steps: got.steps.length,
  };
}
