// Parameters that a model takes in another form, or not at all.
import assert from 'node:assert/strict';
import { question } from './stage.mjs';
import { scenario } from './matrix/matrix.mjs';

const claude = ({ provider }) => provider.name.includes('Claude') || provider.name === 'Anthropic';

scenario('max_tokens above the most', {}, async (cell) => {
  await cell.script();
  const request = { turns: [{ user: question() }], max: 500_000 };
  const clamped = claude(cell) && cell.translated;
  const sdk = claude(cell) && cell.client.via === 'anthropic'; // lowers it itself
  if (claude(cell) && !cell.translated && !sdk) { // what the vendor says reaches its own caller
    const e = await cell.fails(request);
    assert.equal(e.kind, 'invalid');
    return assert.match(e.text, /max_tokens: 500000 > 64000/);
  }
  await cell.ask(request);
  const { max } = await cell.sentOnce();
  assert.equal(max, clamped || sdk ? 64_000 : 500_000);
  const loss = cell.headers.get('x-weir-loss');
  if (clamped) return assert.match(loss, /max_(completion_)?tokens/);
  return assert.equal(loss, null);
});

scenario('temperature', {}, async (cell) => {
  await cell.script();
  await cell.ask({ turns: [{ user: question() }], temperature: 0.25 });
  const { temperature, inferenceConfig } = (await cell.sentOnce()).body;
  assert.equal(temperature ?? inferenceConfig.temperature, 0.25);
  cell.lost('temperature');
});

const chat = ({ front }) => (front === 'Chat' ? undefined : "the caller's API has no word for it");
const hot = (cell) => cell.client.front === 'Chat' ? undefined : "the caller's API takes no more than 1";

/** A request with a member that some targets lose: carried, or left out with a Loss, or with x-weir-strict refused. */
function lossy(name, feature, member, carried, skip) {
  scenario(name, { skip }, async (cell) => {
    await cell.script();
    await cell.ask({ turns: [{ user: question() }], ...member });
    const { word } = cell.promised(feature);
    assert.equal(carried((await cell.sentOnce()).body), word === 'carried');
    cell.lost(feature);
  });

  scenario(`${name}, x-weir-strict`, { skip }, async (cell) => {
    await cell.script();
    const request = { turns: [{ user: question() }], ...member, headers: { 'x-weir-strict': 'true' } };
    if (cell.promised(feature).word !== 'carried') return cell.refused(request, feature);
    await cell.ask(request);
    return assert.ok(carried((await cell.sentOnce()).body));
  });
}

lossy('temperature above 1', 'temperature above 1', { temperature: 1.75 }, (b) => b.temperature === 1.75, hot);
lossy('seed', 'seed', { seed: 1234567 }, (b) => b.seed === 1234567, chat);
lossy(
  'top_k', 'top_k', { topK: 17 }, (b) => b.top_k === 17 || b.additionalModelRequestFields?.inferenceConfig?.topK === 17,
  ({ front }) => (front === 'Messages' ? undefined : "the caller's API has no word for it"),
);

scenario(
  'parameter that a model refuses',
  { skip: (cell) => (claude(cell) ? cell.client.via === 'anthropic' ? 'the SDK leaves it out itself' : undefined : 'all models take it') },
  async (cell) => {
    cell.modelName = cell.provider.model.replace('sonnet-4-5', 'opus-4-7'); // takes no temperature
    await cell.script();
    const request = { turns: [{ user: question() }], temperature: 0.25 };
    if (!cell.translated) { // what the vendor says reaches its own caller
      const e = await cell.fails(request);
      assert.equal(e.kind, 'invalid');
      return assert.match(e.text, /temperature/);
    }
    await cell.ask(request);
    const { temperature, inferenceConfig } = (await cell.sentOnce()).body;
    assert.equal(temperature ?? inferenceConfig?.temperature, undefined);
    return assert.equal(cell.headers.get('x-weir-loss'), 'temperature');
  },
);
