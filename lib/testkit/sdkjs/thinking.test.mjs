// Reasoning: asked for by effort or budget, shown, signed, and carried through
// loops of tools.
import assert from 'node:assert/strict';
import { direct, question } from './stage.mjs';
import { all, results, tools } from './matrix/checks.mjs';
import { clients } from './matrix/clients.mjs';
import { scenario } from './matrix/matrix.mjs';
import { scripted } from './matrix/providers.mjs';

const thought = 'First I look at the gauge. Then I read it.';
const depth = { name: 'depth', input: { place: 'Zürich' } };
const claude = ({ provider }) => provider.name.includes('Claude') || provider.name === 'Anthropic';

/** Whether the SDK shows thoughts that stand beside the vendor's own members, and gives them back with their signatures. */
const shows = ({ client }) => client.via !== 'openai';
const loops = (cell) => keeps(cell) && !(cell.client.sdk === 'openai' && cell.client.helpers); // runTools gives back the members that it knows
const keeps = ({ client, stream }) => client.sdk !== 'ai' && !(client.sdk === 'openai' && client.helpers && stream) || client.via === 'anthropic';

scenario('reasoning by effort', {}, async (cell) => {
  if (cell.provider.thinker) cell.modelName = cell.provider.thinker;
  await cell.script({ thinking: thought, text: 'Three metres.' });
  const got = await cell.ask({ turns: [{ user: question() }], effort: 'low', max: 8000 });
  assert.equal(got.text, 'Three metres.');
  const { effort, budget, body } = await cell.sentOnce();
  const { word } = cell.promised('reasoning by effort');
  assert.equal(Boolean(effort ?? budget ?? body.thinking), word === 'carried');
  if (cell.provider.name === 'OpenAI') assert.equal(effort, 'low');
  cell.lost('reasoning by effort');
  if (!claude(cell) || !cell.translated || !shows(cell)) return;
  assert.ok(budget >= 1024 && budget < 8000);
  const last = cell.client.sdk === 'openai' && cell.client.helpers && cell.stream; // of an unknown member the helper keeps the last piece
  assert.ok(last ? thought.endsWith(got.thoughts) : got.thoughts === thought, got.thoughts);
});

const budgets = ({ client }) => (client.sdk === 'ai' && client.front === 'Chat' ? 'the SDK has no word for it' : undefined);

scenario('reasoning by budget', { skip: budgets }, async (cell) => {
  if (cell.provider.thinker) cell.modelName = cell.provider.thinker;
  await cell.script({ thinking: thought, text: 'Three metres.' });
  const got = await cell.ask({ turns: [{ user: question() }], budget: 2000, max: 8000 });
  assert.equal(got.text, 'Three metres.');
  const sent = await cell.sentOnce();
  if (cell.front === 'Messages') cell.lost('reasoning by budget');
  if (claude(cell)) assert.equal(sent.budget, 2000);
  else if (cell.provider.name === 'OpenAI' && cell.front === 'Messages') assert.equal(sent.effort, 'low');
  else if (cell.provider.name === 'Bedrock Nova') assert.equal(sent.body.additionalModelRequestFields, undefined);
  else assert.equal(sent.body.thinking, undefined, 'it is not of the vendor');
});

/** A loop of tools with thinking, by hand or by the SDK's own means, over a session on a model. */
async function loop(cell, session, model) {
  const asked = cell.client.front === 'Messages' || cell.client.sdk === 'openai' && claude(cell) ? { budget: 2000 } : { effort: 'low' };
  const request = { model, max: 8000, turns: [{ user: 'How deep is the weir?' }], tools: tools('depth'), ...asked };
  let ran = 0;
  return session.loop(request, () => `depth is ${++ran}`, cell.stream);
}

/** What the vendor's own SDK ends with when it calls the provider without the gateway; only Bedrock has none here. */
async function directly(cell, answers) {
  const at = direct[cell.provider.fake];
  const own = clients.find((c) => c.name === { openai: 'openai: create', anthropic: '@anthropic-ai/sdk: messages.create' }[cell.provider.fake]);
  if (!own) return 'Hello from Bedrock.';
  const { upstream } = await scripted(cell.provider, answers, cell.modelName);
  const session = own.open({ baseURL: at.url, apiKey: at.key });
  const bare = { client: own, provider: { name: own.front === 'Chat' ? 'OpenAI' : 'Anthropic' }, stream: cell.stream };
  return (await loop(bare, session, upstream)).text;
}

for (const [name, turns] of [['tool loop with signed thinking', 2], ['tool loop of twelve turns with thinking', 12]]) {
  scenario(name, {}, async (cell) => {
    if (cell.provider.thinker) cell.modelName = cell.provider.thinker;
    const answers = Array.from({ length: turns }, () => ({ thinking: thought, calls: [depth] }));
    await cell.script(...answers);
    const last = await loop(cell, cell.sdk, cell.model.name);
    assert.equal(last.text, await directly(cell, answers));
    const sent = await cell.sent();
    assert.equal(sent.length, turns + 1);
    assert.deepEqual(results(sent.at(-1)), Array.from({ length: turns }, (_, i) => ['depth', `depth is ${i + 1}`]));
    const blocks = all(sent.at(-1), 'thinking');
    if (!claude(cell)) return assert.deepEqual(blocks, []);
    if (loops(cell)) {
      assert.deepEqual(blocks.map((b) => b.text), Array(turns).fill(thought));
      assert.ok(blocks.every((b) => b.signature));
      return assert.equal(sent.at(-1).budget, 2000);
    }
    // A turn that comes back without its signed thinking goes on without.
    assert.deepEqual(blocks, []);
    assert.equal(sent.at(-1).budget, undefined);
    return assert.match(cell.headers.get('x-weir-loss'), /thinking|reasoning/);
  });
}

const hides = (cell) => {
  if (!claude(cell)) return 'the vendor has no redacted thinking';
  if (!keeps(cell) || cell.client.helpers && cell.client.sdk === 'openai') return 'the SDK keeps no members that it does not know';
  return undefined;
};

scenario('redacted thinking', { skip: hides }, async (cell) => {
  await cell.script({ thinking: thought, redacted: 'I may not say.', calls: [depth] }, { text: 'Three metres.' });
  const q = question();
  const request = { budget: 2000, max: 8000, tools: tools('depth') };
  const first = await cell.ask({ ...request, turns: [{ user: q }] });
  const last = await cell.ask({ ...request, turns: [{ user: q }, { reply: first }, { results: [{ call: first.calls[0], text: '3 m' }] }] });
  assert.equal(last.text, 'Three metres.');
  const [, sent] = await cell.sent();
  assert.deepEqual(sent.turns[1].parts.map((p) => p.kind), ['thinking', 'redacted', 'call']);
  assert.ok(sent.turns[1].parts[1].data);
  cell.lost();
});

const sealed = (cell) => (claude(cell) ? keeps(cell) ? undefined : 'the SDK keeps no signatures' : 'the vendor signs nothing');

scenario('refused signature is left out once', { skip: sealed }, async (cell) => {
  await cell.script({ thinking: thought, calls: [depth] });
  const q = question();
  const request = { budget: 2000, max: 8000, tools: tools('depth') };
  const first = await cell.ask({ ...request, turns: [{ user: q }] });
  await cell.script({ fails: 'seal' }, { text: 'Three metres.' });
  const turns = [{ user: q }, { reply: first }, { results: [{ call: first.calls[0], text: '3 m' }] }];
  assert.equal((await cell.ask({ ...request, turns })).text, 'Three metres.');
  const sent = await cell.sent({ refused: true });
  assert.deepEqual(sent.map((s) => all(s, 'thinking').length), [1, 0]);
  assert.match(cell.headers.get('x-weir-loss'), /thinking/);
  assert.equal(cell.headers.get('x-weir-attempts'), '2');
});
