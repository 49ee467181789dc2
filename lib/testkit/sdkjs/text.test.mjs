// Plain words: text, unicode, system, several turns.
import assert from 'node:assert/strict';
import { question } from './stage.mjs';
import { texts } from './matrix/checks.mjs';
import { gateway, scenario } from './matrix/matrix.mjs';

/** Where a provider is called, by what it is made to speak. */
function path(cell) {
  switch (cell.provider.speaks(cell.front)) {
    case 'Chat':
      return '/v1/chat/completions';
    case 'Converse':
      return cell.stream ? 'converse-stream' : 'converse';
    default:
      if (cell.provider.name === 'Anthropic') return '/v1/messages';
      return cell.stream ? 'invoke-with-response-stream' : 'invoke';
  }
}

scenario('text', {}, async (cell) => {
  await cell.script({ text: 'The water stands at the mark.' });
  const q = question();
  const pieces = [];
  const got = await cell.ask({ turns: [{ user: q }], onText: (t) => pieces.push(t) });
  assert.equal(got.text, 'The water stands at the mark.');
  assert.equal(got.finish, 'end');
  if (cell.stream) {
    assert.equal(pieces.join(''), got.text);
    assert.ok(pieces.length > 2, 'it comes in pieces');
  }
  const sent = await cell.sentOnce();
  assert.deepEqual(sent.turns, [{ role: 'user', parts: [{ kind: 'text', text: q }] }]);
  assert.equal(sent.max, 1000);
  assert.ok(sent.path.endsWith(`/${path(cell).replace(/^\//, '')}`), sent.path);
});

scenario('echo', { over: [gateway] }, async (cell) => {
  cell.model = { name: 'echo/any' };
  const q = question();
  const got = await cell.ask({ turns: [{ user: q }] });
  assert.deepEqual([got.text, got.finish], [q, 'end']);
  const { outcome, provider, tokens } = await cell.row();
  assert.deepEqual([outcome, provider, tokens.input, tokens.output], ['ok', 'echo', got.usage.input, got.usage.output]);
});

const odd = 'Zürich \u2028\u2029 💧👩‍🔬 "weir" \\ \t日本 \u0000'.replace('\u0000', '');

scenario('unicode', {}, async (cell) => {
  await cell.script({ text: odd });
  const got = await cell.ask({ turns: [{ user: odd }] });
  assert.equal(got.text, odd);
  assert.equal(texts((await cell.sentOnce()).turns[0].parts), odd);
});

scenario('system', {}, async (cell) => {
  const q = question();
  await cell.ask({ system: 'Be brief.', turns: [{ user: q }] });
  const sent = await cell.sentOnce();
  assert.deepEqual(sent.system, ['Be brief.']);
  assert.equal(sent.turns.length, 1);
});

scenario('several turns', {}, async (cell) => {
  await cell.script({ text: 'Three metres.' }, { text: 'Four.' });
  const q = question();
  const first = await cell.ask({ turns: [{ user: q }] });
  const second = await cell.ask({ turns: [{ user: q }, { reply: first }, { user: 'And now?' }] });
  assert.equal(second.text, 'Four.');
  const [, sent] = await cell.sent();
  assert.deepEqual(sent.turns.map((t) => [t.role, texts(t.parts)]), [['user', q], ['assistant', 'Three metres.'], ['user', 'And now?']]);
});
