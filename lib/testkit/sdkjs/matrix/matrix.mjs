// The matrix: each scenario is written once and runs for every client, over
// every provider, whole and streamed. A cell is a test of node:test; one that
// cannot exist is skipped, with the rule as its reason. CONFORMANCE.md counts
// them.
import assert from 'node:assert/strict';
import events from 'node:events';
import { test } from 'node:test';
import { row, sentFor } from '../stage.mjs';
import { clients } from './clients.mjs';
import { assertLosses, assertNamed, promised, promisedBack } from './losses.mjs';
import { gateway, providers, scripted } from './providers.mjs';
import { read } from './sent.mjs';

export { gateway };

events.defaultMaxListeners = 50; // runners of tools listen to one signal once a turn

/**
 * Defines the cells of a scenario. run(cell) is the test; skip(cell) is the
 * reason for which a cell cannot exist, where it cannot. modes are those in
 * which it runs; a scenario of both at once names them so. over are the
 * providers, all of them if nothing is said.
 */
export function scenario(name, { modes = ['whole', 'streamed'], over = providers, skip = () => undefined, concurrency = 4 }, run) {
  test(name, { concurrency }, async (t) => {
    const cells = [];
    for (const client of clients) {
      for (const provider of over) {
        for (const mode of modes) {
          const cell = new Cell(client, provider, mode);
          cells.push(t.test(`${client.name} → ${provider.name}, ${mode}`, { skip: skip(cell) ?? false }, () => run(cell)));
        }
      }
    }
    await Promise.all(cells);
  });
}

/** One client over one provider in one mode. */
class Cell {
  constructor(client, provider, mode) {
    Object.assign(this, { client, provider, mode, stream: mode === 'streamed' });
    this.front = client.front;
    this.options = {};
  }

  /** The client's SDK on this gateway; made when it is first asked. */
  get sdk() {
    this.session ??= this.client.open(this.options);
    return this.session;
  }

  /** Makes the provider give these answers to a model of its own, which is asked from now on. */
  async script(...answers) {
    this.model = await scripted(this.provider, answers, this.modelName);
    return this.model.name;
  }

  /** Asks the model; the answer is in the form that clients.mjs says. */
  async ask(request) {
    if (!this.model) await this.script();
    this.asked = request;
    return this.sdk.ask({ model: this.model.name, max: 1000, ...request }, this.stream);
  }

  /** As ask, of a question that is to fail: returns what the client says of the error. */
  async fails(request) {
    try {
      await this.ask(request);
    } catch (e) {
      return this.client.error(e);
    }
    return assert.fail('no error was thrown');
  }

  /** Whether the SDK just ends a loop over raw events that its caller aborts. */
  get silent() {
    return this.stream && this.client.sdk !== 'ai' && !this.client.helpers;
  }

  /** As fails, of a call that is aborted. */
  async aborted(request) {
    const e = await this.ask(request).then(() => undefined, this.client.error);
    if (e || !this.silent) assert.equal(e?.kind, 'aborted');
  }

  /** What the provider was sent, oldest first; it refused nothing, unless refused is expected. */
  async sent({ refused = false } = {}) {
    const all = await sentFor(this.model.upstream);
    if (!refused) for (const one of all) assert.equal(one.error, undefined);
    return all.map(read);
  }

  /** The only request that the provider was sent. */
  async sentOnce() {
    const all = await this.sent();
    assert.equal(all.length, 1);
    return all[0];
  }

  /** What LOSSES.md says of a feature in this cell. */
  promised(feature) {
    return promised(feature, this.front, this.provider);
  }

  /** Whether the provider is sent another dialect than the client's. */
  get translated() {
    return this.provider.speaks(this.front) !== this.front;
  }

  /**
   * Checks that the newest answer tells the losses of these features, those of
   * what the SDK adds to a request by itself, and no others.
   */
  lost(...features) {
    const own = this.client.adds?.(this.asked, this) ?? [];
    const told = (this.headers.get('x-weir-loss') ?? '').split(';').map((s) => s.trim()).filter(Boolean);
    assertLosses(told, [...features.map((f) => this.promised(f)), ...own]);
  }

  /** What LOSSES.md says of a part of an answer in this cell. */
  promisedBack(part) {
    return promisedBack(part, this.front, this.provider);
  }

  /** Checks that the row of the newest call has the losses of these parts of its answer, and no others. */
  async lostBack(...parts) {
    const { losses } = await this.row();
    const own = this.client.adds?.(this.asked, this) ?? [];
    assertLosses(losses.map((l) => l.field ?? l), [...parts.map((p) => this.promisedBack(p)), ...own]);
  }

  /** Checks that a feature of the request is refused with an error that names it, and that nothing is sent. */
  async refused(request, feature) {
    const e = await this.fails(request);
    assert.equal(e.kind, 'invalid');
    assertNamed(e.text, this.promised(feature));
    assert.deepEqual(await this.sent(), []);
  }

  /** The ledger's row of the newest call. */
  row(options) {
    return row(this.sdk.tap.id(), options);
  }

  /** The headers of the newest answer. */
  get headers() {
    return this.sdk.tap.last().headers;
  }
}
