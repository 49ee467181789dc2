// Errors, as each SDK's own classes, and whether it tries again.
import assert from 'node:assert/strict';
import { narrowKey, question, sentFor } from './stage.mjs';
import { gateway, scenario } from './matrix/matrix.mjs';

const turns = () => [{ user: question() }];

/** Asks a model that needs no script. */
async function failsFor(cell, model, request) {
  cell.model = { name: model, upstream: model };
  return cell.fails({ turns: turns(), ...request });
}

for (const [name, apiKey, model, kind, status, code] of [
  ['wrong key', 'sk-weir-mistyped', 'echo/any', 'unauthenticated', 401, { Chat: 'malformed_api_key', Messages: 'authentication_error' }],
  ['key for other models', narrowKey, 'openai/gpt-4o', 'forbidden', 403, { Chat: 'permission_denied', Messages: 'permission_error' }],
  ['no such model', undefined, 'no-such-model', 'missing', 404, { Chat: 'model_not_found', Messages: 'not_found_error' }],
]) {
  scenario(name, { over: [gateway] }, async (cell) => {
    Object.assign(cell.options, { maxRetries: 2 }, apiKey && { apiKey });
    const e = await failsFor(cell, model);
    assert.deepEqual([e.kind, e.status, e.code], [kind, status, code[cell.front]]);
    assert.equal(e.id, cell.sdk.tap.id());
    assert.equal(cell.headers.get('x-should-retry'), 'false');
    assert.equal(cell.sdk.tap.exchanges.length, 1, 'the SDK does not try again');
  });
}

scenario('tool result without a call', {}, async (cell) => {
  await cell.script({ text: 'It was taken.' });
  const results = [{ call: { id: 'call_of_nobody', name: 'depth' }, text: '3 m' }];
  const e = await cell.fails({ turns: [{ user: question() }, { assistant: 'I look.' }, { results }], tools: [{ name: 'depth' }] });
  assert.deepEqual([e.kind, e.status], ['invalid', 400]);
  assert.match(e.text, /tool_call|tool_use|tool_result|'tool'|call_of_nobody/);
});

// What a provider says that speaks of the gateway's account is not the caller's to read.
const secret = /arn:|x-api-key|sk-fake|security token|Incorrect API key/;

for (const [name, fails, want] of [
  ['provider: 400', 'invalid', { kind: 'invalid', status: 400 }],
  ['provider: context length', 'context', { kind: 'invalid', status: 400, code: 'context_length_exceeded', text: /(maximum context length|prompt is too long|Input is too long)/ }],
  ['provider: content policy', 'policy', { kind: 'invalid', status: 400 }],
  ['provider: 401', 'auth', { kind: 'server', status: 502 }],
  ['provider: 403', 'forbidden', { kind: 'server', status: 502 }],
  ['provider: 404', 'missing', { kind: 'missing', status: 404 }],
]) {
  scenario(name, {}, async (cell) => {
    // Vercel's SDK goes by the status alone.
    cell.options.maxRetries = cell.client.sdk === 'ai' && want.kind === 'server' ? 0 : 2;
    await cell.script({ fails }, { text: 'It was tried again.' });
    const e = await cell.fails({ turns: turns() });
    assert.deepEqual([e.kind, e.status], [want.kind, want.status]);
    if (want.code && cell.front === 'Chat') assert.equal(e.code, want.code);
    if (want.text) assert.match(e.text, want.text);
    if (want.status !== 400) assert.doesNotMatch(JSON.stringify(e.raw), secret);
    assert.equal(cell.headers.get('x-should-retry'), 'false');
    assert.equal((await sentFor(cell.model.upstream)).length, 1, 'neither the SDK nor the gateway tries again');
    assert.match((await cell.row()).outcome, /client_error|upstream_error/);
  });
}

for (const [name, fails] of [['provider: 429', 'rate'], ['provider: 529', 'overloaded'], ['provider: 500', 'server']]) {
  scenario(`${name}, tried again`, { concurrency: 28 }, async (cell) => {
    cell.options.maxRetries = 1;
    await cell.script({ fails, wait: 1 }, { text: 'It was tried again.' });
    assert.equal((await cell.ask({ turns: turns() })).text, 'It was tried again.');
    assert.equal((await sentFor(cell.model.upstream)).length, 2);
    const [first, second] = cell.sdk.tap.exchanges;
    assert.deepEqual([first.headers.get('retry-after'), second.status], ['1', 200]);
    assert.notEqual(first.headers.get('x-should-retry'), 'false');
  });

  scenario(`${name}, given up`, {}, async (cell) => {
    await cell.script({ fails, wait: 1 });
    const e = await cell.fails({ turns: turns() });
    const throttled = fails === 'rate' || e.status !== 502;
    const status = throttled ? { Chat: 503, Messages: 529 }[cell.front] : 502;
    assert.deepEqual([e.kind, e.status], ['server', status], e.text);
    if (cell.client.sdk === 'ai') assert.equal(e.again, true);
    const row = await cell.row();
    assert.deepEqual([row.outcome, row.cost_nano_usd], ['upstream_error', 0]);
  });
}
