// Every feature of lib/dialect/LOSSES.md that no other theme has: carried, lost
// with a word of it, or refused, as the page promises; and with x-weir-strict
// refused where it would be lost.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pixel, where } from './stage.mjs';
import { features } from './matrix/losses.mjs';
import { scenario } from './matrix/matrix.mjs';

const ask = (more) => ({ turns: [{ user: 'mark it' }], more });
const sound = 'UklGRiQAAABXQVZF';
const tool = { name: 'depth', description: 'Tells the depth.' };
const closed = { ...where, additionalProperties: false };

/** What each front says for a feature, and how the provider's request shows that it is there. */
const members = {
  'system text in mid-conversation': {
    Chat: { turns: [{ user: 'hi' }, { assistant: 'Yes?' }, { system: 'mark it' }, { user: 'go on' }] }, shown: ['mark it'],
  },
  'resolution of an image': { Chat: { turns: [{ user: [{ text: 'hi' }, { image: pixel, detail: 'high' }] }] }, shown: ['"detail"'] },
  sound: { Chat: { turns: [{ user: [{ text: 'hi' }, { sound }] }] }, shown: [sound] },
  'strict tools': {
    Chat: ask({ tools: [{ type: 'function', function: { ...tool, strict: true, parameters: closed } }] }),
    Messages: ask({ tools: [{ ...tool, strict: true, input_schema: closed }] }),
    shown: ['"strict":true'],
  },
  'JSON without a schema': { Chat: ask({ response_format: { type: 'json_object' } }), shown: ['json_object'] },
  top_p: { Chat: ask({ top_p: 0.75 }), Messages: ask({ top_p: 0.75 }), shown: ['0.75'] },
  penalties: { Chat: ask({ frequency_penalty: 0.5, presence_penalty: 0.5 }), shown: ['0.5'] },
  'service tier': {
    Chat: ask({ service_tier: 'flex' }), Messages: ask({ service_tier: 'standard_only' }),
    shown: ['"flex"', 'standard_only', '"service_tier":"default"', '"serviceTier":{"type":"default"}'],
  },
  'end user': { Chat: ask({ user: 'mark-user' }), Messages: ask({ metadata: { user_id: 'mark-user' } }), shown: ['mark-user'] },
  'several choices': { Chat: ask({ n: 2 }), shown: ['"n":2'] },
  'log probabilities': { Chat: ask({ logprobs: true, top_logprobs: 2 }), shown: ['top_logprobs'] },
  'logit bias': { Chat: ask({ logit_bias: { 50256: -100 } }), shown: ['50256'] },
  'predicted output': { Chat: ask({ prediction: { type: 'content', content: 'mark it so' } }), shown: ['mark it so'] },
  'web search': {
    Chat: ask({ web_search_options: {} }), Messages: ask({ tools: [{ type: 'web_search_20250305', name: 'web_search' }] }), shown: ['web_search'],
  },
  'remote tool servers': { Messages: ask({ mcp_servers: [{ type: 'url', url: 'https://example.com/mcp', name: 'mark' }] }), shown: ['mcp'] },
  'assistant turn to go on with': {
    Chat: { turns: [{ user: 'hi' }, { assistant: 'mark it' }] }, Messages: { turns: [{ user: 'hi' }, { assistant: 'mark it' }] }, shown: ['mark it'],
  },
};

// The features that other themes have.
const elsewhere = [
  'text', 'system text', 'image as data', 'image by URL', 'document as data', 'tools', 'a forced tool', 'any tool', 'no tool', 'one call at a time',
  'tool calls and results', 'error of a tool', "image in a tool's result", 'signed thinking', 'unsigned thinking of a tool turn', 'reasoning by effort',
  'reasoning by budget', 'cache mark', 'life of a cache mark', 'structured output', 'most tokens', 'temperature', 'temperature above 1', 'top_k',
  'stop sequences', 'seed',
];

test('every feature of LOSSES.md has its scenario', () => {
  assert.deepEqual(features.filter((f) => !members[f] && !elsewhere.includes(f)), []);
});

for (const [feature, { shown, ...fronts }] of Object.entries(members)) {
  const skip = (cell) => {
    if (cell.client.sdk === 'ai') return 'the SDK writes requests itself';
    if (!fronts[cell.front]) return "the caller's API has no word for it";
    const beta = feature === 'web search' || feature === 'remote tool servers';
    return beta && cell.front === 'Messages' && !cell.translated ? 'the fake knows no tools of the vendor' : undefined;
  };
  const carried = async (cell) => {
    const { body: members, tier } = await cell.sentOnce();
    const body = JSON.stringify(tier ? { ...members, serviceTier: { type: tier } } : members);
    return shown.some((s) => body.includes(s));
  };

  scenario(`feature: ${feature}`, { skip }, async (cell) => {
    await cell.script();
    const { word } = cell.promised(feature);
    if (word === '400') return cell.refused(fronts[cell.front], feature);
    await cell.ask(fronts[cell.front]);
    assert.equal(await carried(cell), word !== 'loss');
    return cell.lost(feature);
  });

  scenario(`feature: ${feature}, x-weir-strict`, { modes: ['whole'], skip }, async (cell) => {
    await cell.script();
    const request = { ...fronts[cell.front], headers: { 'x-weir-strict': 'true' } };
    const { word } = cell.promised(feature);
    if (word !== 'carried') return cell.refused(request, feature);
    await cell.ask(request);
    return assert.ok(await carried(cell));
  });
}
