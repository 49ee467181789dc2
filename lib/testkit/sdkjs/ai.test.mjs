// What Vercel's AI SDK asks for beside what the matrix does.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { embedMany } from 'ai';
import { key, question, url } from './stage.mjs';

const baseURL = `${url}/v1`;

test('embedMany', async () => {
  for (const provider of [createOpenAI({ baseURL, apiKey: key }), createOpenAICompatible({ name: 'weir', baseURL, apiKey: key })]) {
    const got = await embedMany({ model: provider.textEmbeddingModel('openai/text-embedding-3-small'), values: [question(), question()] });
    assert.deepEqual(got.embeddings.map((e) => e.length), [16, 16]);
    assert.ok(got.usage.tokens > 0);
  }
});
