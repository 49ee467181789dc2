// Why an answer ended.
import assert from 'node:assert/strict';
import { question } from './stage.mjs';
import { scenario } from './matrix/matrix.mjs';

const text = 'The water stands';

/** Asks for an answer that ends in a way. */
async function ended(cell, stop) {
  await cell.script({ text, stop });
  return cell.ask({ turns: [{ user: question() }] });
}

/** The SDK's parse throws where the answer is not whole. */
const throws = (cell) => cell.client.sdk === 'openai' && cell.client.helpers && !cell.stream;

scenario('length', {}, async (cell) => {
  if (throws(cell)) return assert.rejects(ended(cell, 'length'), /length limit was reached/);
  const got = await ended(cell, 'length');
  return assert.deepEqual([got.text, got.finish], [text, 'length']);
});

scenario('stop sequence', {}, async (cell) => {
  await cell.script({ text, stop: 'sequence' });
  const got = await cell.ask({ turns: [{ user: question() }], stop: ['MARK', 'END'] });
  assert.deepEqual((await cell.sentOnce()).stop, ['MARK', 'END']);
  assert.equal(got.text, text);
  // Only Anthropic's own answers say which sequence it was.
  const told = cell.client.sdk === 'anthropic' && cell.provider.name !== 'OpenAI';
  assert.equal(got.finish, told ? 'stop_sequence' : 'end');
  if (told && cell.provider.name === 'Anthropic') assert.equal(got.sequence, 'MARK');
  cell.lost('stop sequences');
  if (cell.provider.name === 'Anthropic') await cell.lostBack('end at a stop sequence, and which');
});

scenario('refusal', {}, async (cell) => {
  const words = 'I cannot help with that.';
  await cell.script(cell.provider.name === 'OpenAI' ? { refusal: words } : { text: words, stop: 'refusal' });
  const request = { turns: [{ user: question() }] };
  if (throws(cell) && cell.translated) return assert.rejects(cell.ask(request), /rejected by the content filter/);
  const got = await cell.ask(request);
  assert.equal(got.refusal ?? got.text, words);
  const relayed = cell.provider.name === 'OpenAI' && cell.client.sdk === 'openai';
  return assert.equal(got.finish, relayed ? 'end' : cell.client.sdk === 'anthropic' ? 'refusal' : 'filter');
});

/** Anthropic's API, and InvokeModel, which carries it, know refusals alone. */
const refuses = ({ front, provider }) => (provider.speaks(front) === 'Messages' ? "the vendor's API has refusals instead" : undefined);

scenario('content filter', { skip: refuses }, async (cell) => {
  if (throws(cell)) return assert.rejects(ended(cell, 'filter'), /rejected by the content filter/);
  const got = await ended(cell, 'filter');
  assert.equal(got.text, text);
  return assert.equal(got.finish, cell.client.sdk === 'anthropic' ? 'refusal' : 'filter');
});

scenario('unknown stop reason', {}, async (cell) => {
  const got = await ended(cell, 'unknown');
  assert.equal(got.text, text);
  assert.equal((await cell.row()).outcome, 'ok');
  await cell.lostBack('end for a reason that is not known');
  if (cell.translated) assert.equal(got.finish, 'end');
  else if (cell.client.sdk === 'ai') assert.equal(got.finish, 'other');
  else assert.equal(got.finish, 'out_of_ink', 'as the vendor says it');
});
