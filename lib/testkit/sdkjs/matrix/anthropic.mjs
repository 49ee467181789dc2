// Anthropic's own SDK: its plain calls, its helpers, which parse and collect
// streams, and the beta's, which run tools.
import Anthropic from '@anthropic-ai/sdk';
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema';
import { jsonSchemaOutputFormat } from '@anthropic-ai/sdk/helpers/json-schema';
import { key, url, where, wiretap } from '../stage.mjs';

export const clients = [
  client('@anthropic-ai/sdk: messages.create', { create, loop: byHand(create) }),
  client('@anthropic-ai/sdk: messages.parse, stream', { create: helped, loop: byHand(helped) }),
  client('@anthropic-ai/sdk: beta.messages, toolRunner', { create: beta, loop: toolRunner }),
];

function client(name, way) {
  return {
    name, front: 'Messages', sdk: 'anthropic', helpers: way.create !== create,
    open(options = {}) {
      const tap = wiretap();
      const { headers: defaultHeaders, ...rest } = options;
      const anthropic = new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0, timeout: 60_000, fetch: tap.fetch, defaultHeaders, ...rest });
      return {
        tap,
        ask: async (request, stream) => reply(await way.create(anthropic, request, stream)),
        models: () => (way.create === beta ? anthropic.beta : anthropic).models,
        loop: (request, run, stream) => way.loop(anthropic, request, run, stream),
        count: (request) => (way.create === beta ? anthropic.beta : anthropic).messages.countTokens(countBody(request)),
      };
    },
    error,
  };
}

function error(e) {
  const classes = {
    BadRequestError: 'invalid', AuthenticationError: 'unauthenticated', PermissionDeniedError: 'forbidden',
    NotFoundError: 'missing', RateLimitError: 'limited', InternalServerError: 'server', APIUserAbortError: 'aborted',
  };
  const [kind] = Object.keys(classes).filter((name) => e instanceof Anthropic[name]);
  return {
    kind: classes[kind] ?? (e instanceof Anthropic.APIError ? 'api' : e.constructor.name), status: e.status, code: e.error?.error?.type, text: e.message, id: e.requestID, raw: e,
  };
}

const cache = (mark) => (mark ? { cache_control: { type: 'ephemeral', ...(mark === true ? {} : { ttl: mark }) } } : {});

function part(p) {
  if (p.image) return { type: 'image', source: { type: 'base64', media_type: 'image/png', data: p.image } };
  if (p.imageURL) return { type: 'image', source: { type: 'url', url: p.imageURL } };
  if (p.pdf) return { type: 'document', title: p.name ?? 'survey.pdf', source: { type: 'base64', media_type: 'application/pdf', data: p.pdf } };
  return { type: 'text', text: p.text, ...cache(p.mark) };
}

const content = (c) => (typeof c === 'string' ? c : c.map(part));

function messages({ turns }) {
  return turns.map((t) => {
    if (t.user !== undefined) return { role: 'user', content: content(t.user) };
    if (t.reply) return { role: 'assistant', content: t.reply.native };
    if (t.assistant !== undefined) return { role: 'assistant', content: t.assistant };
    return {
      role: 'user',
      content: t.results.map((r) => ({
        type: 'tool_result', tool_use_id: r.call.id, content: r.image ? [part(r)] : r.text, ...(r.failed && { is_error: true }),
      })),
    };
  });
}

function choice(r) {
  const one = r.parallel === false && { disable_parallel_tool_use: true };
  if (!r.choice) return one ? { tool_choice: { type: 'auto', ...one } } : {};
  return { tool_choice: ['auto', 'any', 'none'].includes(r.choice) ? { type: r.choice, ...one } : { type: 'tool', name: r.choice, ...one } };
}

function body(r) {
  return {
    model: r.model,
    max_tokens: r.max,
    messages: messages(r),
    ...(r.system && { system: content(r.system) }),
    ...(r.tools && { tools: r.tools.map((t) => ({ name: t.name, description: t.description ?? `Tells the ${t.name}.`, input_schema: t.schema ?? where, ...cache(t.mark) })) }),
    ...choice(r),
    ...(r.stop && { stop_sequences: r.stop }),
    ...(r.temperature !== undefined && { temperature: r.temperature }),
    ...(r.topK !== undefined && { top_k: r.topK }),
    ...((r.schema || r.effort) && {
      output_config: { ...(r.schema && { format: { type: 'json_schema', schema: r.schema } }), ...(r.effort && { effort: r.effort }) },
    }),
    ...(r.budget && { thinking: { type: 'enabled', budget_tokens: r.budget } }),
    ...r.more,
  };
}

function countBody(r) {
  const { max_tokens, ...rest } = body(r);
  return rest;
}

async function create(anthropic, r, stream) {
  const options = { signal: r.signal, headers: r.headers };
  if (!stream) return anthropic.messages.create(body(r), options);
  let all;
  const inputs = [];
  for await (const e of await anthropic.messages.create({ ...body(r), stream: true }, options)) {
    if (e.type === 'message_start') all = e.message;
    if (e.type === 'content_block_start') all.content[e.index] = e.content_block;
    if (e.type === 'content_block_delta') collect(all.content[e.index], e, inputs, r.onText);
    if (e.type === 'content_block_stop' && inputs[e.index]) all.content[e.index].input = JSON.parse(inputs[e.index]);
    if (e.type === 'message_delta') {
      Object.assign(all, e.delta);
      all.usage = { ...all.usage, ...e.usage };
    }
  }
  return all;
}

function collect(block, { index, delta }, inputs, onText = () => {}) {
  if (delta.type === 'input_json_delta') inputs[index] = (inputs[index] ?? '') + delta.partial_json;
  if (delta.type === 'thinking_delta') block.thinking += delta.thinking;
  if (delta.type === 'signature_delta') block.signature = delta.signature;
  if (delta.type === 'text_delta') {
    block.text += delta.text;
    onText(delta.text);
  }
}

/** Through the helpers of messages. */
async function helped(anthropic, r, stream) {
  const options = { signal: r.signal, headers: r.headers };
  const parsed = r.schema ? { ...body(r), output_config: { format: jsonSchemaOutputFormat(r.schema) } } : body(r);
  if (!stream) return anthropic.messages.parse(parsed, options);
  const got = anthropic.messages.stream(parsed, options);
  if (r.onText) got.on('text', r.onText);
  return got.finalMessage();
}

async function beta(anthropic, r, stream) {
  const options = { signal: r.signal, headers: r.headers };
  if (!stream) return anthropic.beta.messages.create(body(r), options);
  const got = anthropic.beta.messages.stream(body(r), options);
  if (r.onText) got.on('text', r.onText);
  return got.finalMessage();
}

const finishes = { end_turn: 'end', max_tokens: 'length', tool_use: 'tools' };

function reply(got) {
  if (!got) return undefined; // it was left before it began
  const u = got.usage;
  const some = (type, member) => got.content.filter((b) => b.type === type).map((b) => b[member]);
  return {
    text: some('text', 'text').join(''),
    thoughts: some('thinking', 'thinking').join('') || undefined,
    calls: got.content.filter((b) => b.type === 'tool_use').map(({ id, name, input }) => ({ id, name, input })),
    finish: finishes[got.stop_reason] ?? got.stop_reason,
    sequence: got.stop_sequence,
    usage: { input: u.input_tokens, read: u.cache_read_input_tokens ?? 0, write: u.cache_creation_input_tokens ?? 0, output: u.output_tokens },
    native: got.content,
    parsed: got.parsed_output ?? undefined,
  };
}

/** A tool loop as one writes it by hand: every block goes back as it came. */
function byHand(ask) {
  return async (anthropic, r, run, stream) => {
    const turns = [...r.turns];
    for (;;) {
      const got = reply(await ask(anthropic, { ...r, turns }, stream));
      if (got.finish !== 'tools') return got;
      turns.push({ reply: got }, { results: got.calls.map((call) => ({ call, text: run(call) })) });
    }
  };
}

async function toolRunner(anthropic, r, run, stream) {
  const tools = r.tools.map((t) => betaTool({ name: t.name, description: `Tells the ${t.name}.`, inputSchema: where, run: (input) => run({ name: t.name, input }) }));
  const runner = anthropic.beta.messages.toolRunner({ ...body(r), tools, stream }, { headers: r.headers });
  let last;
  for await (const one of runner) last = stream ? await one.finalMessage() : one;
  return reply(last);
}
