// A reporter of node --test: CONFORMANCE.md, which counts the cells of the
// matrix that ran, that passed, and that cannot exist, with the rule for it.
import { readFileSync } from 'node:fs';

const { dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

export default async function* conformance(events) {
  const open = new Map(); // cells of the scenario that runs, by file
  const scenarios = [];
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const cells = open.get(data.file) ?? [];
    open.set(data.file, cells);
    if (data.nesting > 0) {
      const [, client, provider] = data.name.match(/^(.*) → (.*), \S+$/);
      cells.push({ client, provider, passed: type === 'test:pass', skip: data.skip });
      continue;
    }
    open.delete(data.file);
    if (cells.length > 0) scenarios.push({ name: data.name, cells });
  }
  yield page(scenarios);
}

const unique = (list) => [...new Set(list)];
const tally = (cells) => {
  const ran = cells.filter((c) => c.skip === undefined);
  return { ran: ran.length, passed: ran.filter((c) => c.passed).length, skipped: cells.length - ran.length };
};

function page(scenarios) {
  const all = scenarios.flatMap((s) => s.cells);
  const clients = unique(all.map((c) => c.client));
  const providers = unique(all.map((c) => c.provider)).sort((a, b) => Number(a.startsWith('the')) - Number(b.startsWith('the')));
  const { ran, passed, skipped } = tally(all);
  const lines = [
    '# Conformance of the official npm SDKs',
    '',
    `**${passed} of ${ran} cells pass.** ${skipped} more cannot exist, each for the reason that is named.`,
    '',
    'A cell is a scenario of `*.test.mjs` by one client over one provider in one mode (whole or streamed), against the program `weir local`',
    'with fake providers behind it that refuse what the vendors refuse. `make test-sdks` runs them all on Node 20 and compares this page;',
    '`CONFORMANCE=write make test-sdks` writes it anew. The Go SDKs have a page of their own: [../CONFORMANCE.md](../CONFORMANCE.md).',
    '',
    `Clients: ${Object.entries(dependencies).filter(([name]) => name !== 'zod').map(([name, version]) => `${name} ${version}`).join(', ')}.`,
  ];
  for (const client of clients) lines.push('', ...table(client, providers, scenarios));
  return `${lines.join('\n')}\n`;
}

function table(client, providers, scenarios) {
  const reasons = [];
  const note = (cells) => unique(cells.map((c) => c.skip).filter((s) => s !== undefined)).map((why) => {
    if (!reasons.includes(why)) reasons.push(why);
    return `<sup>${reasons.indexOf(why) + 1}</sup>`;
  }).join('');
  const rows = [];
  const mine = [];
  for (const { name, cells } of scenarios) {
    const of = providers.map((p) => cells.filter((c) => c.client === client && c.provider === p));
    mine.push(...of.flat());
    rows.push(`| ${name} | ${of.map((c) => {
      const { ran, passed } = tally(c);
      return `${ran > 0 ? `${passed} of ${ran}` : c.length > 0 ? '–' : ''}${note(c)}`;
    }).join(' | ')} |`);
  }
  const { ran, passed } = tally(mine);
  return [
    `## ${client}: ${passed} of ${ran}`, '',
    `| scenario | ${providers.join(' | ')} |`, `|---|${providers.map(() => '---|').join('')}`, ...rows,
    ...(reasons.length > 0 ? ['', ...reasons.map((why, i) => `${i + 1}. ${why}`)] : []),
  ];
}
