// The providers behind the gateway, and how a test makes one of them answer.
//
// Answers are written here in one form, whoever gives them:
//
//   text, thinking, signature, redacted, refusal, calls: [{ name, input, id }]
//   stop       length, sequence, filter, refusal or unknown, instead of what follows
//   interleave fragments of parallel calls alternate (OpenAI)
//   usage      { input, output, read, write, hour }   (hour: written for an hour)
//   fails      invalid, auth, forbidden, missing, rate, overloaded, server, context, policy,
//              seal (a signature of thinking)
//   after      fails only inside the stream, behind some pieces
//   wait       seconds to retry after
//   cut        bytes of the body after which the connection breaks
//   html       the answer is a page with status 200
//   late, slow milliseconds before the head, and before each piece
import { script } from '../stage.mjs';

export const providers = [
  { name: 'OpenAI', at: 'openai', fake: 'openai', model: 'gpt-4o-*', thinker: 'o4-mini-*', column: 'OpenAI', speaks: () => 'Chat' },
  { name: 'Anthropic', at: 'anthropic', fake: 'anthropic', model: 'claude-sonnet-4-5-*', column: 'Anthropic', speaks: () => 'Messages' },
  {
    name: 'Bedrock Claude', at: 'bedrock', fake: 'bedrock', model: 'eu.anthropic.claude-sonnet-4-5-*-v1:0', column: 'Bedrock, Claude',
    speaks: (front) => (front === 'Messages' ? 'Messages' : 'Converse'), // by InvokeModel
  },
  { name: 'Bedrock Nova', at: 'bedrock', fake: 'bedrock', model: 'eu.amazon.nova-pro-v1:*', column: 'Bedrock, Nova', speaks: () => 'Converse' },
];

/** Where the gateway answers by itself. */
export const gateway = { name: 'the gateway itself', at: 'echo', column: '', speaks: () => '' };

/** A model of its own of a provider that gives these answers, one each, and then plain ones. */
export async function scripted(provider, answers, name = provider.model) {
  const model = await script(provider.fake, name, answers.map(writers[provider.fake]));
  return { upstream: model, name: `${provider.at}/${model}` };
}

const writers = { openai, anthropic, bedrock };
const millisecond = 1e6; // of Go's durations
const scale = 100; // by which these two fakes divide theirs
const header = (a) => (a.wait === undefined ? undefined : { 'Retry-After': [String(a.wait)], 'Retry-After-Ms': [String(a.wait * 1000)] });
const page = '<html><body>Sign in</body></html>';

/** What may be left out is left out. */
function only(members) {
  return Object.fromEntries(Object.entries(members).filter(([, v]) => v !== undefined));
}

/** A model of OpenAI's counts its thoughts and does not show them. */
function openai(a) {
  const u = a.usage;
  return only({
    Text: a.text,
    Refusal: a.refusal,
    ReasoningTokens: a.thinking && 12,
    Calls: a.calls?.map((c, i) => ({ ID: c.id ?? `call_${i}_${c.name}`, Name: c.name, Arguments: JSON.stringify(c.input) })),
    Interleave: a.interleave,
    Finish: { length: 'length', sequence: 'stop', filter: 'content_filter', unknown: 'out_of_ink' }[a.stop],
    Usage: u && { Prompt: u.input + (u.read ?? 0), Cached: u.read ?? 0, Completion: u.output },
    Error: { invalid: { Message: "Invalid value for 'messages'.", Param: 'messages' }, context: tooLong.openai, policy: filtered.openai }[a.fails],
    Status: a.after ? undefined : { auth: 401, forbidden: 403, missing: 404, rate: 429, overloaded: 503, server: 500 }[a.fails],
    ErrorAfter: a.after,
    Header: header(a),
    Cut: a.cut && { After: a.cut, How: 1 },
    Body: a.html && page,
    ContentType: a.html && 'text/html',
    HeadDelay: a.late && a.late * scale * millisecond,
    PieceDelay: a.slow && a.slow * scale * millisecond,
  });
}

function anthropic(a) {
  return only({
    Text: a.text,
    Thinking: a.thinking,
    Redacted: a.redacted,
    Refusal: a.stop === 'refusal' || undefined,
    Calls: a.calls?.map((c) => only({ ID: c.id, Name: c.name, Input: JSON.stringify(c.input) })),
    Stop: { length: 'max_tokens', unknown: 'out_of_ink' }[a.stop],
    Sequence: a.stop === 'sequence' ? 'MARK' : undefined,
    CacheRead: a.usage?.read,
    CacheWrite5m: a.usage?.write,
    CacheWrite1h: a.usage?.hour,
    Error: { invalid: { Type: 'invalid_request_error', Message: 'messages: Input should be a valid list' }, context: tooLong.anthropic, policy: filtered.anthropic, seal }[a.fails],
    Status: a.after ? undefined : { auth: 401, forbidden: 403, missing: 404, rate: 429, overloaded: 529, server: 500 }[a.fails],
    ErrorAfter: a.after,
    Header: header(a),
    Cut: a.cut,
    Body: a.html && page,
    ContentType: a.html && 'text/html',
    HeadDelay: a.late && a.late * scale * millisecond,
    PieceDelay: a.slow && a.slow * scale * millisecond,
  });
}

let calls = 0;

function bedrock(a) {
  const u = a.usage;
  return only({
    Text: a.text,
    Thinking: a.thinking,
    Signature: a.thinking && (a.signature ?? 'c2lnbmVk'),
    Redacted: a.redacted && Buffer.from(a.redacted).toString('base64'),
    Calls: a.calls?.map((c) => ({ ID: c.id ?? `tooluse_${++calls}`, Name: c.name, Input: JSON.stringify(c.input) })),
    Stop: { length: 'max_tokens', sequence: 'stop_sequence', filter: 'guardrail_intervened', refusal: 'refusal', unknown: 'out_of_ink' }[a.stop],
    Usage: u && only({ Input: u.input, Output: u.output, CacheRead: u.read, CacheWrite: u.write, CacheWrite1h: u.hour }),
    Exception: a.fails && exceptions[a.after ? 'inside' : a.fails],
    After: a.after,
    Header: header(a),
    Cut: a.cut,
    Body: a.html && page,
    ContentType: a.html && 'text/html',
    HeadDelay: a.late && a.late * millisecond,
    PieceDelay: a.slow && a.slow * millisecond,
  });
}

const tooLong = {
  openai: {
    Param: 'messages', Code: 'context_length_exceeded',
    Message: "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens. Please reduce the length of the messages.",
  },
  anthropic: { Type: 'invalid_request_error', Message: 'prompt is too long: 210000 tokens > 200000 maximum' },
};

const filtered = {
  openai: { Code: 'invalid_prompt', Message: 'Invalid prompt: your prompt was flagged as potentially violating our usage policy.' },
  anthropic: { Type: 'invalid_request_error', Message: 'Output blocked by content filtering policy' },
};

const seal = { Type: 'invalid_request_error', Message: 'messages.1.content.0: Invalid `signature` in `thinking` block' };

const exceptions = {
  invalid: { Type: 'ValidationException', Message: 'messages.0.content: the value is invalid.' },
  auth: { Type: 'UnrecognizedClientException', Message: 'The security token included in the request is invalid.' },
  forbidden: { Type: 'AccessDeniedException', Message: 'User: arn:aws:iam::123456789012:user/weir is not authorized' },
  missing: { Type: 'ValidationException', Message: 'The provided model identifier is invalid.' },
  rate: { Type: 'ThrottlingException', Message: 'Too many tokens, please wait before trying again.' },
  overloaded: { Type: 'ServiceUnavailableException', Message: 'Bedrock is unable to process your request.' },
  server: { Type: 'InternalServerException', Message: 'The system encountered an unexpected error during processing.' },
  context: { Type: 'ValidationException', Message: 'Input is too long for requested model.' },
  policy: { Type: 'ValidationException', Message: 'Output blocked by content filtering policy' },
  seal: { Type: 'ValidationException', Message: seal.Message },
  inside: { Type: 'ModelStreamErrorException', Message: 'The stream broke.' },
};
