// Conversations that are normal to one dialect and not to another.
import assert from 'node:assert/strict';
import { question } from './stage.mjs';
import { all, results, texts, tools } from './matrix/checks.mjs';
import { scenario } from './matrix/matrix.mjs';

const spoken = (sent) => sent.turns.map((t) => texts(t.parts)).join(' ');

scenario('two turns of the user in a row', {}, async (cell) => {
  await cell.script({ text: 'Yes.' });
  const got = await cell.ask({ turns: [{ user: 'I have a question.' }, { user: 'How deep is the weir?' }] });
  assert.equal(got.text, 'Yes.');
  assert.match(spoken(await cell.sentOnce()), /I have a question\.[\s\S]*How deep is the weir\?/);
});

scenario('two turns of the assistant in a row', {}, async (cell) => {
  await cell.script({ text: 'Yes.' });
  const got = await cell.ask({ turns: [{ user: 'hi' }, { assistant: 'I look.' }, { assistant: 'Three metres.' }, { user: 'And now?' }] });
  assert.equal(got.text, 'Yes.');
  assert.match(spoken(await cell.sentOnce()), /I look\.[\s\S]*Three metres\./);
});

scenario('conversation that the assistant begins', {}, async (cell) => {
  const turns = [{ assistant: 'What do you want to know?' }, { user: 'How deep is the weir?' }];
  await cell.script({ text: 'Yes.' });
  if (!cell.translated && cell.front === 'Messages') { // the vendor refuses it
    return assert.equal((await cell.fails({ turns })).kind, 'invalid');
  }
  assert.equal((await cell.ask({ turns })).text, 'Yes.');
  return assert.match(spoken(await cell.sentOnce()), /What do you want to know\?/);
});

scenario('long conversation', { concurrency: 2 }, async (cell) => {
  const turns = Array.from({ length: 200 }, (_, i) => [{ user: `question ${i}` }, { assistant: `answer ${i}` }]).flat();
  await cell.script({ text: 'Yes.' });
  assert.equal((await cell.ask({ turns: [...turns, { user: 'the last' }] })).text, 'Yes.');
  const sent = await cell.sentOnce();
  assert.equal(sent.turns.length, 401);
  assert.equal(texts(sent.turns[398].parts), 'question 199');
});

scenario('tool results beside the next question', {}, async (cell) => {
  await cell.script({ calls: [{ name: 'depth', input: { place: 'Zürich' } }] }, { text: 'Four.' });
  const q = question();
  const first = await cell.ask({ turns: [{ user: q }], tools: tools('depth') });
  const turns = [{ user: q }, { reply: first }, { results: [{ call: first.calls[0], text: '3 m' }] }, { user: 'And tomorrow?' }];
  assert.equal((await cell.ask({ turns, tools: tools('depth') })).text, 'Four.');
  const [, sent] = await cell.sent();
  assert.deepEqual(results(sent), [['depth', '3 m']]);
  assert.match(spoken(sent), /And tomorrow\?/);
});

scenario('history with tools that are no longer offered', {}, async (cell) => {
  await cell.script({ calls: [{ name: 'depth', input: { place: 'Zürich' } }] }, { text: 'Four.' });
  const q = question();
  const first = await cell.ask({ turns: [{ user: q }], tools: tools('depth') });
  const turns = [{ user: q }, { reply: first }, { results: [{ call: first.calls[0], text: '3 m' }] }];
  if (!cell.translated && cell.front === 'Messages') { // the vendor refuses it
    return assert.equal((await cell.fails({ turns })).kind, 'invalid');
  }
  assert.equal((await cell.ask({ turns })).text, 'Four.');
  const [, sent] = await cell.sent();
  return assert.ok(JSON.stringify(sent.body).includes('3 m'));
});

scenario('ids of calls that another vendor gave', {}, async (cell) => {
  const id = 'call.of:another/vendor|fc_0123456789-and-some-more-characters-until-it-is-longer-than-64';
  await cell.script({ text: 'Four.' });
  const reply = {
    openai: { role: 'assistant', content: null, tool_calls: [{ id, type: 'function', function: { name: 'depth', arguments: '{"place":"x"}' } }] },
    anthropic: [{ type: 'tool_use', id, name: 'depth', input: { place: 'x' } }],
    ai: [{ role: 'assistant', content: [{ type: 'tool-call', toolCallId: id, toolName: 'depth', input: { place: 'x' } }] }],
  }[cell.client.sdk];
  const turns = [{ user: 'hi' }, { reply: { native: reply } }, { results: [{ call: { id, name: 'depth' }, text: '3 m' }] }];
  if (!cell.translated && cell.front === 'Messages') { // the vendor refuses it
    return assert.equal((await cell.fails({ turns, tools: tools('depth') })).kind, 'invalid');
  }
  assert.equal((await cell.ask({ turns, tools: tools('depth') })).text, 'Four.');
  const sent = await cell.sentOnce();
  assert.deepEqual(results(sent), [['depth', '3 m']]);
  return assert.equal(all(sent, 'call').length, 1);
});
