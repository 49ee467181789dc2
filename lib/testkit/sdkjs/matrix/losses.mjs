// What a translation carries, as lib/dialect/LOSSES.md promises it: the page is
// read here, so that what the SDKs see is held to it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const page = readFileSync(new URL('../../../dialect/LOSSES.md', import.meta.url), 'utf8');
const cells = (line) => line.split('|').slice(1, -1).map((c) => c.trim());

/** A table of the page: by feature, by column. */
function table(text) {
  const [head, , ...rows] = text.split('\n').filter((l) => l.startsWith('|')).map(cells);
  return new Map(rows.map((r) => [r[0], new Map(head.map((name, i) => [name, r[i]]))]));
}

const [, requests, answers] = page.split(/^## .*$/m).map(table);

/** The features of requests that the page has. */
export const features = [...requests.keys()];

function promise(table, feature, column) {
  const cell = table.get(feature)?.get(column);
  assert.ok(cell, `LOSSES.md does not say ${feature}, ${column}`);
  return { word: cell.match(/^(carried|loss|in part|400|–)/)[0], fields: [...cell.matchAll(/`([^`]+)`/g)].map((m) => m[1]) };
}

/**
 * What becomes of a feature from a front to a provider: { word, fields }, where
 * word is carried, loss, in part, 400 or –. Within one dialect all is carried.
 */
export function promised(feature, front, provider) {
  if (provider.speaks(front) === front) return { word: 'carried', fields: [] };
  return promise(requests, feature, `${front} → ${provider.column}`);
}

/** What becomes of a part of an answer from a provider to a front. */
export function promisedBack(part, front, provider) {
  if (provider.speaks(front) === front) return { word: 'carried', fields: [] };
  return promise(answers, part, `${provider.speaks(front) === 'Converse' ? 'Bedrock' : provider.name} → ${front}`);
}

/** Members by their names alone: places depend on the request. */
const bare = (path) => path.replaceAll(/\[\d+\]|\.\d+(?=\.|$)/g, '[]');

const unique = (fields) => [...new Set(fields.map(bare))].sort();

/** Checks that these losses are the promised ones, and no others. */
export function assertLosses(told, promises) {
  const want = promises.filter((p) => p.word === 'loss' || p.word === 'in part').flatMap((p) => p.fields);
  assert.deepEqual(unique(told), unique(want));
}

/** Checks that an error names the member that a promise says is refused. */
export function assertNamed(text, promise) {
  const named = bare(text);
  assert.ok(promise.fields.some((f) => named.includes(bare(f))), `${text} names none of ${promise.fields}`);
}
