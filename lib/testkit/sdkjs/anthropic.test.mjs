// What Anthropic's SDK asks for beside what the matrix does.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { key, sentFor, url } from './stage.mjs';
import { providers, scripted } from './matrix/providers.mjs';

const anthropic = new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0 });
const messages = [{ role: 'user', content: 'How deep is the weir?' }];

test('a thread of the vendor is refused', async () => {
  const model = await scripted(providers[1], []);
  for (const thread of [{ type: 'create' }, { type: 'continue', previous_message_id: 'msg_of_somebody_else' }]) {
    await assert.rejects(anthropic.beta.messages.create({ model: model.name, max_tokens: 10, messages, thread }), (e) => {
      assert.ok(e instanceof Anthropic.BadRequestError);
      assert.equal(e.errorCode, 'thread_unsupported_request');
      return true;
    });
  }
  assert.deepEqual(await sentFor(model.upstream), []);
});

test('a wrong request names the member', async () => {
  await assert.rejects(anthropic.messages.create({ model: 'echo/any', messages }), (e) => e instanceof Anthropic.BadRequestError && /max_tokens/.test(e.message));
});
