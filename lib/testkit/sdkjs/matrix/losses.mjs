// What a translation carries, as lib/dialect/LOSSES.md promises it: the page is
// read here, so that what the SDKs see is held to it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const lines = readFileSync(new URL('../../../dialect/LOSSES.md', import.meta.url), 'utf8').split('\n').filter((l) => l.startsWith('|'));
const cells = (line) => line.split('|').slice(1, -1).map((c) => c.trim());
const [head, , ...rows] = lines.map(cells);
const table = new Map(rows.map((r) => [r[0], new Map(head.map((name, i) => [name, r[i]]))]));

/**
 * What becomes of a feature from a front to a provider: { word, fields }, where
 * word is carried, loss, in part, 400 or –. Within one dialect all is carried.
 */
export function promised(feature, front, provider) {
  const row = table.get(feature);
  assert.ok(row, `LOSSES.md has no feature ${feature}`);
  if (provider.speaks(front) === front) return { word: 'carried', fields: [] };
  const cell = row.get(`${front} → ${provider.column}`);
  assert.ok(cell, `LOSSES.md has no column ${front} → ${provider.column}`);
  return { word: cell.match(/^(carried|loss|in part|400|–)/)[0], fields: [...cell.matchAll(/`([^`]+)`/g)].map((m) => m[1]) };
}

/** Members by their names alone: places depend on the request. */
const bare = (path) => path.replaceAll(/\[\d+\]|\.\d+(?=\.|$)/g, '[]');

/** Checks that the losses that an answer tells are the promised ones, and no others. */
export function assertLosses(headers, promises) {
  const told = (headers.get('x-weir-loss') ?? '').split(';').map((s) => s.trim()).filter(Boolean).map(bare);
  const want = promises.filter((p) => p.word === 'loss' || p.word === 'in part').flatMap((p) => p.fields).map(bare);
  assert.deepEqual([...new Set(told)].sort(), [...new Set(want)].sort());
}

/** Checks that an error names the member that a promise says is refused. */
export function assertNamed(text, promise) {
  const named = bare(text);
  assert.ok(promise.fields.some((f) => named.includes(bare(f))), `${text} names none of ${promise.fields}`);
}
