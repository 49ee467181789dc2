// A reporter of node --test: a line for each test and for each scenario of the
// matrix, and what failed in full.
import { inspect } from 'node:util';

export default async function* lines(events) {
  const cells = new Map(); // of the scenario that runs, by file
  let failed = 0;
  for await (const { type, data } of events) {
    if (type === 'test:stdout' || type === 'test:stderr') yield data.message;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const ok = type === 'test:pass';
    const inner = cells.get(data.file) ?? { run: 0, passed: 0, skipped: 0 };
    cells.set(data.file, inner);
    if (data.nesting > 0) {
      if (data.skip !== undefined) inner.skipped++;
      else inner.run++;
      if (ok && data.skip === undefined) inner.passed++;
      if (!ok) {
        failed++;
        yield `✖   ${data.name}\n${indented(data.details.error)}\n`;
      }
      continue;
    }
    cells.delete(data.file);
    const skipped = inner.skipped > 0 ? `, ${inner.skipped} skipped` : '';
    const count = inner.run + inner.skipped > 0 ? `: ${inner.passed} of ${inner.run}${skipped}` : '';
    yield `${ok ? '✔' : '✖'} ${data.name}${count} (${Math.round(data.details.duration_ms)} ms)\n`;
    if (!ok && inner.run === 0) {
      failed++;
      yield `${indented(data.details.error)}\n`;
    }
  }
  yield failed > 0 ? `✖ ${failed} failed\n` : '✔ all passed\n';
}

function indented(error) {
  const cause = error?.cause ?? error;
  return inspect(cause).split('\n').map((line) => `      ${line}`).join('\n');
}
