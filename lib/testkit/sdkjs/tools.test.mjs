// Tools: one call, several at once, loops, and histories of them.
import assert from 'node:assert/strict';
import { pixel, question } from './stage.mjs';
import { all, results, texts, tools } from './matrix/checks.mjs';
import { gateway, scenario } from './matrix/matrix.mjs';
import { providers } from './matrix/providers.mjs';

const place = 'Zürich \u2028 "weir"';
const depth = { name: 'depth', input: { place } };
const flow = { name: 'flow', input: { place } };

scenario('tool call', {}, async (cell) => {
  await cell.script({ calls: [depth] });
  const got = await cell.ask({ turns: [{ user: question() }], tools: tools('depth', 'flow') });
  assert.deepEqual(got.calls.map(({ name, input }) => ({ name, input })), [depth]);
  assert.ok(got.calls[0].id);
  assert.equal(got.finish, 'tools');
  assert.equal(got.text, '');
  assert.deepEqual((await cell.sentOnce()).tools, ['depth', 'flow']);
  cell.lost();
});

scenario('text beside a tool call', {}, async (cell) => {
  await cell.script({ text: 'I look.', calls: [depth] });
  const got = await cell.ask({ turns: [{ user: question() }], tools: tools('depth') });
  assert.deepEqual([got.text, got.calls.length, got.finish], ['I look.', 1, 'tools']);
});

scenario('tool call without arguments', {}, async (cell) => {
  const bare = { name: 'all', schema: { type: 'object', properties: {} } };
  await cell.script({ calls: [{ name: 'all', input: {} }] }, { text: 'Done.' });
  const q = question();
  const first = await cell.ask({ turns: [{ user: q }], tools: [bare] });
  assert.deepEqual(first.calls.map((c) => c.input), [{}]);
  const turns = [{ user: q }, { reply: first }, { results: [{ call: first.calls[0], text: 'three' }] }];
  assert.equal((await cell.ask({ turns, tools: [bare] })).text, 'Done.');
  assert.deepEqual(results((await cell.sent())[1]), [['all', 'three']]);
});

scenario('parallel tool calls', {}, async (cell) => {
  await cell.script({ calls: [depth, flow, depth] });
  const got = await cell.ask({ turns: [{ user: question() }], tools: tools('depth', 'flow') });
  assert.deepEqual(got.calls.map(({ name, input }) => ({ name, input })), [depth, flow, depth]);
  assert.equal(new Set(got.calls.map((c) => c.id)).size, 3);
  assert.equal(got.finish, 'tools');
});

scenario('fragments of parallel calls alternate', { modes: ['streamed'], over: providers.filter((p) => p.name === 'OpenAI') }, async (cell) => {
  await cell.script({ calls: [depth, flow], interleave: true });
  const got = await cell.ask({ turns: [{ user: question() }], tools: tools('depth', 'flow') });
  assert.deepEqual(got.calls.map(({ name, input }) => ({ name, input })), [depth, flow]);
});

scenario('echo calls a tool', { over: [gateway] }, async (cell) => {
  cell.model = { name: 'echo/any' };
  const got = await cell.ask({ turns: [{ user: question() }], tools: tools('depth'), choice: 'depth' });
  assert.deepEqual([got.calls.map((c) => c.name), got.finish], [['depth'], 'tools']);
});

for (const [choice, feature] of [['any', 'any tool'], ['flow', 'a forced tool'], ['none', 'no tool']]) {
  const skip = ({ client }) => (client.via === 'anthropic' && choice === 'none' ? 'the SDK leaves the tools out instead' : undefined);
  scenario(`tool choice: ${feature}`, { skip }, async (cell) => {
    await cell.script(choice === 'none' ? { text: 'No.' } : { calls: [flow] });
    await cell.ask({ turns: [{ user: question() }], tools: tools('depth', 'flow'), choice });
    assert.equal(cell.promised(feature).word, 'carried');
    const sent = await cell.sentOnce();
    if (choice === 'none' && cell.provider.speaks(cell.front) === 'Converse') assert.equal(sent.tools, undefined, 'Converse has no word for it but no tools');
    else assert.equal(sent.choice, choice === 'any' && cell.provider.name === 'OpenAI' ? 'required' : choice);
    cell.lost(feature);
  });
}

scenario(
  'one tool call at a time',
  { skip: ({ client }) => (client.via === 'weir' ? 'the SDK has no word for it' : undefined) },
  async (cell) => {
    await cell.script({ calls: [depth] });
    await cell.ask({ turns: [{ user: question() }], tools: tools('depth'), parallel: false });
    const { parallel_tool_calls, tool_choice } = (await cell.sentOnce()).body;
    const carried = parallel_tool_calls === false || tool_choice?.disable_parallel_tool_use === true;
    assert.equal(carried, cell.promised('one call at a time').word === 'carried');
    cell.lost('one call at a time');
  },
);

scenario('tool loop to the final answer', {}, async (cell) => {
  await cell.script({ calls: [depth, flow] }, { text: 'And again.', calls: [flow] }, { text: 'Three metres.' });
  const q = question();
  const ran = [];
  const request = { model: cell.model.name, max: 1000, turns: [{ user: q }], tools: tools('depth', 'flow') };
  const last = await cell.sdk.loop(request, (call) => `${call.name} is ${ran.push([call.name, call.input.place])}`, cell.stream);
  assert.equal(last.text, 'Three metres.');
  assert.deepEqual(ran.toSorted(), [['depth', place], ['flow', place], ['flow', place]]);
  const [, second, third] = await cell.sent();
  assert.equal(second.turns[0].parts[0].text, q);
  assert.deepEqual(results(second).map(([name]) => name), ['depth', 'flow']);
  assert.deepEqual(results(third).map(([name]) => name), ['depth', 'flow', 'flow']);
  assert.equal(texts(third.turns.findLast((t) => t.role === 'assistant').parts), 'And again.');
});

/** The history of two calls in parallel, with their results in this order. */
async function history(cell, answer) {
  await cell.script({ calls: [depth, flow] }, { text: 'Three metres.' });
  const q = question();
  const first = await cell.ask({ turns: [{ user: q }], tools: tools('depth', 'flow') });
  const last = await cell.ask({ turns: [{ user: q }, { reply: first }, { results: answer(first.calls) }], tools: tools('depth', 'flow') });
  assert.equal(last.text, 'Three metres.');
  return (await cell.sent())[1];
}

scenario('failed tool result', {}, async (cell) => {
  const sent = await history(cell, ([a, b]) => [{ call: a, text: '3 m' }, { call: b, text: 'no gauge', failed: true }]);
  const [ok, failed] = all(sent, 'result');
  assert.equal(ok.text, '3 m');
  assert.match(failed.text, /no gauge/);
  if (cell.front === 'Chat') return cell.lost(); // it has no word for a failure
  assert.deepEqual([ok.failed, failed.failed], [undefined, cell.promised('error of a tool').word === 'carried' || undefined]);
  return cell.lost('error of a tool');
});

scenario('tool results out of order', {}, async (cell) => {
  const sent = await history(cell, ([a, b]) => [{ call: b, text: '7 m/s' }, { call: a, text: '3 m' }]);
  assert.deepEqual(results(sent).toSorted(), [['depth', '3 m'], ['flow', '7 m/s']]);
});

scenario(
  'image in a tool result',
  { skip: ({ front }) => (front === 'Chat' ? "Chat's tool results are texts" : undefined) },
  async (cell) => {
    await cell.script({ calls: [depth] }, { text: 'Three metres.' });
    const q = question();
    const first = await cell.ask({ turns: [{ user: q }], tools: tools('depth') });
    await cell.ask({ turns: [{ user: q }, { reply: first }, { results: [{ call: first.calls[0], image: pixel }] }], tools: tools('depth') });
    assert.ok(JSON.stringify((await cell.sent())[1].body).includes(pixel));
    cell.lost("image in a tool's result");
  },
);
