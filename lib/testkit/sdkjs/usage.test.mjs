// What a call cost, as the SDK, the row and the headers say it; and what there
// is beside chat: counts of tokens, and models.
import assert from 'node:assert/strict';
import { question } from './stage.mjs';
import { gateway, scenario } from './matrix/matrix.mjs';

const usage = { input: 120, read: 40, write: 16, hour: 8, output: 33 };

/** Usage as far as the SDK tells it: openai-compatible counts writes as input. */
const seen = (cell, u) => (cell.client.via === 'weir' ? { input: u.input + u.write, read: u.read, output: u.output } : u);

scenario('usage: whole, streamed and row', { modes: ['both'] }, async (cell) => {
  const openai = cell.provider.name === 'OpenAI'; // it tells no writes
  await cell.script(...Array(2).fill({ text: 'The water stands at the mark.', usage: openai ? { ...usage, write: 0, hour: 0 } : usage }));
  const turns = [{ user: question() }];
  const tokens = [];
  const costs = [];
  for (const stream of [false, true]) {
    cell.stream = stream;
    const got = await cell.ask({ turns });
    const row = await cell.row();
    const { input, cache_read, cache_write_5m, cache_write_1h, output } = row.tokens;
    assert.deepEqual(got.usage.read, cache_read);
    assert.deepEqual(seen(cell, got.usage), seen(cell, { input, read: cache_read, write: cache_write_5m + cache_write_1h, output }));
    assert.deepEqual([cache_write_5m, cache_write_1h], openai ? [0, 0] : [usage.write, usage.hour]);
    assert.deepEqual([row.outcome, row.usage_source, row.stream, cache_read], ['ok', 'provider', stream, usage.read]);
    if (!openai) await cell.lostBack('tokens written to the cache for an hour');
    tokens.push(row.tokens);
    costs.push(row.cost_nano_usd);
  }
  assert.deepEqual(tokens[0], tokens[1]);
  assert.ok(costs[0] > 0);
  assert.equal(costs[0], costs[1]);
});

scenario('x-weir headers', {}, async (cell) => {
  await cell.script();
  await cell.ask({ turns: [{ user: question() }], headers: { 'x-weir-tags': 'use_case=faq,env=test', 'x-weir-run-id': 'run 1' } });
  const h = (name) => cell.headers.get(name);
  assert.deepEqual([h('x-weir-provider'), h('x-weir-model'), h('x-weir-attempts'), h('x-weir-loss')], [cell.provider.at, cell.model.upstream, '1', null]);
  assert.match(h('x-weir-call-id'), /^[0-9a-f-]{36}$/);
  assert.deepEqual([h('x-request-id'), h('request-id')], [h('x-weir-call-id'), h('x-weir-call-id')]);
  assert.ok(h('x-weir-upstream-request-id'));
  const row = await cell.row();
  assert.deepEqual([row.use_case, row.tags.env, row.upstream_request_id], ['faq', 'test', h('x-weir-upstream-request-id')]);
  assert.equal(h('x-weir-cost-usd'), cell.stream ? null : row.cost_usd);
});

const counts = ({ client }) => (client.sdk === 'anthropic' ? undefined : 'the SDK counts no tokens');

scenario('count of tokens', { modes: ['counted'], skip: counts }, async (cell) => {
  await cell.script();
  const request = { model: cell.model.name, turns: [{ user: question() }] };
  const short = await cell.sdk.count(request);
  const told = cell.headers.get('x-weir-loss');
  const long = await cell.sdk.count({ ...request, system: 'Be brief. '.repeat(50), tools: [{ name: 'depth' }] });
  assert.ok(short.input_tokens > 0);
  if (cell.provider.name === 'Anthropic') assert.equal(told, null, 'the vendor counted');
  if (!cell.provider.name.includes('Claude')) assert.ok(long.input_tokens > short.input_tokens);
  if (cell.provider.name === 'OpenAI') assert.equal(told, 'count_tokens: estimated');
});

const lists = ({ client }) => (client.sdk === 'ai' ? 'the SDK lists no models' : undefined);

scenario('models', { modes: ['listed'], over: [gateway], skip: lists }, async (cell) => {
  const models = cell.sdk.models();
  const ids = [];
  for await (const m of models.list()) ids.push(m.id);
  assert.ok(ids.includes('nobody'), String(ids));
  const one = await models.retrieve('openai/gpt-4o');
  assert.equal(one.id, 'openai/gpt-4o');
  if (cell.front === 'Chat') assert.equal(one.object, 'model');
  else assert.deepEqual([one.type, one.display_name], ['model', 'openai/gpt-4o']);
});
