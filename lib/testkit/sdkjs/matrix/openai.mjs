// OpenAI's own SDK: its plain calls, and its helpers, which parse, collect
// streams and run tools.
import OpenAI from 'openai';
import { key, url, where, wiretap } from '../stage.mjs';

export const clients = [client('openai: create', { create, loop: byHand }), client('openai: parse, stream, runTools', { create: helped, loop: runTools })];

function client(name, way) {
  return {
    name, front: 'Chat', sdk: 'openai', helpers: way.create === helped,
    open(options = {}) {
      const tap = wiretap();
      const { headers: defaultHeaders, ...rest } = options;
      const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0, fetch: tap.fetch, defaultHeaders, ...rest });
      return {
        tap,
        ask: async (request, stream) => reply(await way.create(openai, request, stream)),
        models: () => openai.models,
        loop: (request, run, stream) => way.loop(openai, request, run, stream),
      };
    },
    error,
    // parse takes tools that are strict alone.
    adds: (request, cell) => (way.create === helped && !cell.stream && request.tools && request.choice !== 'none' ? [cell.promised('strict tools')] : []),
  };
}

/** What is seen of an error: its class, and what it says. */
function error(e) {
  const classes = {
    BadRequestError: 'invalid', AuthenticationError: 'unauthenticated', PermissionDeniedError: 'forbidden',
    NotFoundError: 'missing', RateLimitError: 'limited', InternalServerError: 'server', APIUserAbortError: 'aborted',
  };
  const [kind] = Object.keys(classes).filter((name) => e instanceof OpenAI[name]);
  return { kind: classes[kind] ?? (e instanceof OpenAI.APIError ? 'api' : e.constructor.name), status: e.status, code: e.code, param: e.param, text: e.message, id: e.requestID, raw: e };
}

const cache = (mark) => (mark ? { cache_control: { type: 'ephemeral', ...(mark === true ? {} : { ttl: mark }) } } : {});

function part(p) {
  if (p.image) return { type: 'image_url', image_url: { url: `data:image/png;base64,${p.image}`, ...(p.detail && { detail: p.detail }) } };
  if (p.sound) return { type: 'input_audio', input_audio: { data: p.sound, format: 'wav' } };
  if (p.imageURL) return { type: 'image_url', image_url: { url: p.imageURL } };
  if (p.pdf) return { type: 'file', file: { filename: p.name ?? 'survey.pdf', file_data: `data:application/pdf;base64,${p.pdf}` } };
  return { type: 'text', text: p.text, ...cache(p.mark) };
}

const content = (c) => (typeof c === 'string' ? c : c.map(part));

function messages({ system, turns }) {
  const all = system ? [{ role: 'system', content: content(system) }] : [];
  for (const t of turns) {
    if (t.user !== undefined) all.push({ role: 'user', content: content(t.user) });
    else if (t.system) all.push({ role: 'system', content: t.system });
    else if (t.reply) all.push(t.reply.native);
    else if (t.assistant !== undefined) all.push({ role: 'assistant', content: t.assistant });
    else for (const r of t.results) all.push({ role: 'tool', tool_call_id: r.call.id, content: r.text });
  }
  return all;
}

function choice(c) {
  return { auto: 'auto', any: 'required', none: 'none' }[c] ?? { type: 'function', function: { name: c } };
}

function body(r) {
  return {
    model: r.model,
    messages: messages(r),
    max_completion_tokens: r.max,
    ...(r.tools && {
      tools: r.tools.map((t) => ({
        type: 'function', ...cache(t.mark),
        function: { name: t.name, description: t.description ?? `Tells the ${t.name}.`, parameters: t.schema ?? where },
      })),
    }),
    ...(r.choice && { tool_choice: choice(r.choice) }),
    ...(r.parallel === false && { parallel_tool_calls: false }),
    ...(r.stop && { stop: r.stop }),
    ...(r.temperature !== undefined && { temperature: r.temperature }),
    ...(r.seed !== undefined && { seed: r.seed }),
    ...(r.schema && { response_format: { type: 'json_schema', json_schema: { name: 'level', strict: true, schema: r.schema } } }),
    ...(r.effort && { reasoning_effort: r.effort }),
    ...(r.budget && { thinking: { type: 'enabled', budget_tokens: r.budget } }),
    ...r.more,
  };
}

async function create(openai, r, stream) {
  const options = { signal: r.signal, headers: r.headers };
  if (!stream) return openai.chat.completions.create(body(r), options);
  const pieces = await openai.chat.completions.create({ ...body(r), stream: true, stream_options: { include_usage: true } }, options);
  const all = { choices: [{ message: { role: 'assistant', content: null } }] };
  for await (const chunk of pieces) {
    all.model = chunk.model;
    all.usage = chunk.usage ?? all.usage;
    collect(all.choices[0], chunk.choices[0], r.onText);
  }
  return all;
}

/** Adds a chunk's choice to what came before, also the members that the SDK does not know. */
export function collect(into, choice, onText = () => {}) {
  if (!choice) return;
  const { message } = into;
  const { content, refusal, reasoning_content, tool_calls = [], thinking_blocks = [] } = choice.delta;
  if (content) {
    message.content = (message.content ?? '') + content;
    onText(content);
  }
  if (refusal) message.refusal = (message.refusal ?? '') + refusal;
  if (reasoning_content) message.reasoning_content = (message.reasoning_content ?? '') + reasoning_content;
  for (const { index, ...call } of tool_calls) {
    message.tool_calls ??= [];
    if (!message.tool_calls[index]) message.tool_calls[index] = call;
    else message.tool_calls[index].function.arguments += call.function.arguments;
  }
  if (thinking_blocks.length > 0) message.thinking_blocks = [...(message.thinking_blocks ?? []), ...thinking_blocks];
  into.finish_reason = choice.finish_reason ?? into.finish_reason;
}

/** parse takes tools that are strict alone. */
function strict(b) {
  const closed = (schema) => ({ ...schema, required: Object.keys(schema.properties), additionalProperties: false });
  return b.tools ? { ...b, tools: b.tools.map((t) => ({ ...t, function: { ...t.function, strict: true, parameters: closed(t.function.parameters) } })) } : b;
}

async function helped(openai, r, stream) {
  const options = { signal: r.signal, headers: r.headers };
  if (!stream) return openai.chat.completions.parse(strict(body(r)), options);
  const runner = openai.chat.completions.stream({ ...body(r), stream_options: { include_usage: true } }, options);
  if (r.onText) runner.on('content', r.onText);
  return runner.finalChatCompletion();
}

const finishes = { stop: 'end', length: 'length', tool_calls: 'tools', content_filter: 'filter' };

function reply(got) {
  const [{ message, finish_reason }] = got.choices;
  const u = got.usage;
  const read = u?.prompt_tokens_details?.cached_tokens ?? 0;
  const write = u?.prompt_tokens_details?.cache_write_tokens ?? 0;
  const { parsed, ...native } = message;
  for (const c of native.tool_calls ?? []) delete c.function.parsed_arguments; // parse adds it, and the vendor refuses it
  return {
    text: message.content ?? '',
    refusal: message.refusal ?? undefined,
    parsed,
    thoughts: message.reasoning_content,
    calls: (message.tool_calls ?? []).map((c) => ({ id: c.id, name: c.function.name, input: JSON.parse(c.function.arguments) })),
    finish: finishes[finish_reason] ?? finish_reason,
    usage: u && { input: u.prompt_tokens - read - write, read, write, output: u.completion_tokens },
    native,
  };
}

/** A tool loop as one writes it by hand: every message goes back as it came. */
async function byHand(openai, r, run, stream) {
  const turns = [...r.turns];
  for (;;) {
    const got = reply(await create(openai, { ...r, turns }, stream));
    if (got.finish !== 'tools') return got;
    turns.push({ reply: got }, { results: got.calls.map((call) => ({ call, text: run(call) })) });
  }
}

async function runTools(openai, r, run, stream) {
  const { tools, ...rest } = body(r);
  const runnable = tools.map((t) => ({
    ...t, function: { ...t.function, parse: JSON.parse, function: (input) => run({ name: t.function.name, input }) },
  }));
  const runner = openai.chat.completions.runTools({ ...rest, tools: runnable, stream }, { maxChatCompletions: 20, headers: r.headers });
  return reply(await runner.finalChatCompletion());
}
