// Marks of prompt caches.
import assert from 'node:assert/strict';
import { question } from './stage.mjs';
import { scenario } from './matrix/matrix.mjs';

const brief = 'Be brief. '.repeat(20).trim();
const usage = { input: 20, read: 100, write: 30, output: 5 };

const marks = ({ client }) => (client.via === 'openai' ? 'the SDK has no word for it' : undefined);

for (const [where, request] of [
  ['system', { system: [{ text: brief, mark: true }], turns: [{ user: 'hi' }] }],
  ['messages', { turns: [{ user: [{ text: brief, mark: true }, { text: 'hi' }] }] }],
  ['tools', { tools: [{ name: 'depth', mark: true }], turns: [{ user: 'hi' }] }],
]) {
  const skip = (cell) => marks(cell) ?? (where === 'tools' && cell.client.via === 'weir' ? 'the SDK has no word for it' : undefined);
  scenario(`cache mark on ${where}`, { skip }, async (cell) => {
    await cell.script({ text: 'Yes.', usage: cell.provider.name === 'OpenAI' ? { ...usage, write: 0 } : usage });
    const got = await cell.ask(request);
    const sent = await cell.sentOnce();
    const nova = cell.provider.name === 'Bedrock Nova' && where === 'tools'; // takes none there
    const carried = cell.provider.name !== 'OpenAI' && !nova;
    assert.deepEqual(sent.marks, carried ? [where] : []);
    if (!carried) assert.match(cell.headers.get('x-weir-loss'), /cache_control/);
    assert.equal(got.usage.read, 100);
    const { tokens } = await cell.row();
    assert.deepEqual([tokens.cache_read, tokens.cache_write_5m], [100, cell.provider.name === 'OpenAI' ? 0 : 30]);
  });
}

scenario('life of a cache mark', { skip: marks }, async (cell) => {
  await cell.script();
  await cell.ask({ turns: [{ user: [{ text: brief, mark: '1h' }, { text: question() }] }] });
  const body = JSON.stringify((await cell.sentOnce()).body);
  const { word } = cell.promised('life of a cache mark');
  assert.equal(body.includes('"1h"'), cell.provider.name !== 'OpenAI' && word === 'carried');
  if (cell.translated) cell.lost('life of a cache mark');
});
