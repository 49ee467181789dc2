// What a provider was sent, in one form for all three of their dialects:
//
//   { system: [text], turns: [{ role, parts }], tools, choice, max, stop, schema,
//     effort, budget, marks, path, tier, body }
//
// where a part is { kind, text, data, url, id, name, input, failed, signature }
// and marks are the places of cache marks.

/** Reads a request as the stage lists it. */
export function read({ provider, path, body, tier }) {
  const anthropic = provider === 'anthropic' || path.includes('/invoke');
  const reader = provider === 'openai' ? chat : anthropic ? messages : converse;
  return { path, tier, ...reader(body) };
}

const list = (content) => (typeof content === 'string' ? [{ type: 'text', text: content }] : content ?? []);
const texts = (content) => list(content).map((b) => b.text ?? '').join('');
const input = (text) => (text === '' ? {} : JSON.parse(text));

function chat(b) {
  const system = b.messages.filter((m) => m.role === 'system' || m.role === 'developer');
  const turns = b.messages.filter((m) => !system.includes(m)).map((m) => {
    if (m.role === 'tool') return { role: 'user', parts: [{ kind: 'result', id: m.tool_call_id, text: texts(m.content) }] };
    const calls = (m.tool_calls ?? []).map((c) => ({ kind: 'call', id: c.id, name: c.function.name, input: input(c.function.arguments) }));
    return { role: m.role, parts: [...list(m.content).map(chatPart), ...calls] };
  });
  return {
    body: b, turns, system: system.map((m) => texts(m.content)),
    tools: b.tools?.map((t) => t.function.name),
    choice: b.tool_choice?.function?.name ?? b.tool_choice,
    max: b.max_completion_tokens ?? b.max_tokens,
    stop: typeof b.stop === 'string' ? [b.stop] : b.stop,
    schema: b.response_format?.json_schema?.schema,
    effort: b.reasoning_effort, marks: [],
  };
}

function chatPart(p) {
  switch (p.type) {
    case 'text':
      return { kind: 'text', text: p.text };
    case 'image_url': {
      const data = p.image_url.url.match(/^data:image\/png;base64,(.*)$/s);
      return data ? { kind: 'image', data: data[1] } : { kind: 'image', url: p.image_url.url };
    }
    case 'file':
      return { kind: 'document', data: p.file.file_data.replace(/^data:application\/pdf;base64,/, '') };
    default:
      return { kind: p.type };
  }
}

function messages(b) {
  const marks = [];
  const marked = (where, blocks) => blocks.some((x) => x.cache_control || marked(where, Array.isArray(x.content) ? x.content : []));
  if (marked('tools', b.tools ?? [])) marks.push('tools');
  if (marked('system', list(b.system))) marks.push('system');
  if (b.messages.some((m) => marked('messages', list(m.content)))) marks.push('messages');
  return {
    body: b, marks, system: list(b.system).map((s) => s.text),
    turns: b.messages.map((m) => ({ role: m.role, parts: list(m.content).map(block) })),
    tools: b.tools?.map((t) => t.name),
    choice: b.tool_choice?.name ?? b.tool_choice?.type,
    max: b.max_tokens, stop: b.stop_sequences,
    schema: b.output_config?.format?.schema, effort: b.output_config?.effort,
    budget: b.thinking?.budget_tokens,
  };
}

function block(x) {
  switch (x.type) {
    case 'text':
      return { kind: 'text', text: x.text };
    case 'image':
    case 'document':
      return { kind: x.type, data: x.source.data, url: x.source.url };
    case 'tool_use':
      return { kind: 'call', id: x.id, name: x.name, input: x.input };
    case 'tool_result':
      return { kind: 'result', id: x.tool_use_id, text: texts(x.content), failed: x.is_error || undefined };
    case 'thinking':
      return { kind: 'thinking', text: x.thinking, signature: x.signature };
    default:
      return { kind: x.type === 'redacted_thinking' ? 'redacted' : x.type, data: x.data };
  }
}

function converse(b) {
  const point = (blocks) => (blocks ?? []).some((x) => x.cachePoint);
  const marks = [];
  if (point(b.toolConfig?.tools)) marks.push('tools');
  if (point(b.system)) marks.push('system');
  if (b.messages.some((m) => point(m.content))) marks.push('messages');
  const choice = b.toolConfig?.toolChoice;
  const schema = b.outputConfig?.textFormat?.structure.jsonSchema.schema;
  return {
    body: b, marks, system: (b.system ?? []).filter((s) => s.text).map((s) => s.text),
    turns: b.messages.map((m) => ({ role: m.role, parts: m.content.filter((x) => !x.cachePoint).map(conversePart) })),
    tools: b.toolConfig?.tools.filter((t) => t.toolSpec).map((t) => t.toolSpec.name),
    choice: choice && (choice.tool?.name ?? Object.keys(choice)[0]),
    max: b.inferenceConfig?.maxTokens, stop: b.inferenceConfig?.stopSequences,
    schema: schema && JSON.parse(schema), effort: b.outputConfig?.effort,
    budget: b.additionalModelRequestFields?.thinking?.budget_tokens,
  };
}

function conversePart(x) {
  const [kind] = Object.keys(x);
  const v = x[kind];
  switch (kind) {
    case 'text':
      return { kind, text: v };
    case 'image':
    case 'document':
      return { kind, data: v.source.bytes };
    case 'toolUse':
      return { kind: 'call', id: v.toolUseId, name: v.name, input: v.input };
    case 'toolResult':
      return { kind: 'result', id: v.toolUseId, text: texts(v.content), failed: v.status === 'error' || undefined };
    case 'reasoningContent':
      return v.redactedContent
        ? { kind: 'redacted', data: v.redactedContent }
        : { kind: 'thinking', text: v.reasoningText.text, signature: v.reasoningText.signature };
    default:
      return { kind };
  }
}
