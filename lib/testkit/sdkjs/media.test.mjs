// Pictures and documents.
import assert from 'node:assert/strict';
import { pixel, question } from './stage.mjs';
import { all } from './matrix/checks.mjs';
import { scenario } from './matrix/matrix.mjs';

const pdf = Buffer.from('%PDF-1.4\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n').toString('base64');

scenario('image as data', {}, async (cell) => {
  await cell.ask({ turns: [{ user: [{ text: question() }, { image: pixel }] }] });
  const sent = await cell.sentOnce();
  assert.deepEqual(sent.turns[0].parts.map((p) => p.kind), ['text', 'image']);
  assert.equal(sent.turns[0].parts[1].data, pixel);
  cell.lost('image as data');
});

const fetches = ({ client }) => (client.via === 'weir' ? 'the SDK fetches pictures itself and sends data' : undefined);

scenario('image by URL', { skip: fetches }, async (cell) => {
  const url = 'https://example.com/weir.png';
  await cell.script();
  const request = { turns: [{ user: [{ text: question() }, { imageURL: url }] }] };
  if (cell.promised('image by URL').word === '400') return cell.refused(request, 'image by URL');
  if (cell.provider.name === 'Bedrock Claude') { // relayed: what the vendor says reaches its own caller
    const e = await cell.fails(request);
    assert.equal(e.kind, 'invalid');
    return assert.match(e.text, /messages\.0\.content\.1\.image/);
  }
  await cell.ask(request);
  assert.deepEqual(all(await cell.sentOnce(), 'image').map((p) => p.url), [url]);
  return cell.lost('image by URL');
});

scenario('PDF', {}, async (cell) => {
  await cell.ask({ turns: [{ user: [{ text: question() }, { pdf }, { pdf, name: 'Übersicht der Wehre (2026).v2.pdf' }] }] });
  assert.deepEqual(all(await cell.sentOnce(), 'document').map((p) => p.data), [pdf, pdf]);
  cell.lost('document as data');
});
