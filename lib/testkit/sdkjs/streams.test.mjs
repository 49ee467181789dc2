// Answers that break, stall or are left.
import assert from 'node:assert/strict';
import { question, sentFor } from './stage.mjs';
import { scenario } from './matrix/matrix.mjs';

const text = 'The water stands at the mark.';
const turns = () => [{ user: question() }];
const streamed = ['streamed'];

/** A broken answer is an error of the SDK, and of the row. */
async function broken(cell, answer) {
  await cell.script(answer);
  let heard = '';
  const e = await cell.fails({ turns: turns(), onText: (t) => (heard += t) });
  assert.match(e.kind, /^(api|server)$/);
  const row = await cell.row();
  assert.match(row.outcome, /^(upstream_error|truncated)$/);
  return { heard, row };
}

scenario('error in mid-stream', { modes: streamed }, async (cell) => {
  const { heard } = await broken(cell, { text, fails: 'server', after: 4 });
  assert.ok(heard.length > 0 && heard.length < text.length, heard);
});

scenario('cut answer', {}, async (cell) => {
  const { heard, row } = await broken(cell, { text: `${text} `.repeat(40), cut: cell.stream ? 3000 : 700 });
  assert.equal(heard.length > 0, cell.stream);
  assert.equal(row.outcome, 'truncated');
});

scenario('HTML with status 200', {}, async (cell) => {
  const { heard, row } = await broken(cell, { html: true });
  assert.equal(heard, '');
  assert.equal(row.outcome, 'upstream_error');
});

scenario('abort in mid-stream', { modes: streamed, concurrency: 28 }, async (cell) => {
  await cell.script({ text, slow: 150 });
  const control = new AbortController();
  await cell.aborted({ turns: turns(), signal: control.signal, onText: () => control.abort() });
  const row = await cell.row({ wait: true });
  assert.deepEqual([row.state, row.outcome, row.usage_source], ['settled', 'client_gone', 'drained']);
  assert.ok(row.tokens.output > 0 && row.cost_nano_usd > 0);
});

scenario('abort before the head', { concurrency: 28 }, async (cell) => {
  await cell.script({ text, late: 4000 });
  const control = new AbortController();
  const left = cell.aborted({ turns: turns(), signal: control.signal });
  while ((await sentFor(cell.model.upstream)).length === 0) await new Promise((go) => setTimeout(go, 20)); // until the provider has it
  control.abort();
  await left;
  assert.equal((await sentFor(cell.model.upstream)).length, 1, 'it is not tried again');
});

scenario('silence with keep-alives', { modes: streamed, concurrency: 28 }, async (cell) => {
  await cell.script({ text, late: 2500 });
  const got = await cell.ask({ turns: turns() });
  assert.equal(got.text, text);
  assert.match(cell.sdk.tap.last().text, cell.front === 'Chat' ? /^: keep-alive\n/ : /^event: ping\n/);
  assert.equal(cell.headers.get('x-weir-provider'), null, 'the head left before that was known');
  assert.equal((await cell.row()).outcome, 'ok');
});
