// Answers that follow a schema, through what each SDK has for them.
import assert from 'node:assert/strict';
import { z } from 'zod';
import { level, question } from './stage.mjs';
import { scenario } from './matrix/matrix.mjs';

const said = { place: 'Zürich \u2028', metres: 3 };
const shape = z.strictObject({ place: z.string(), metres: z.number() });

/** The client has the vendor give the schema's object as the input of a tool, because it does not know the model. */
const byTool = ({ client, provider }) => client.via === 'anthropic' && !provider.name.includes('Claude') && provider.name !== 'Anthropic';

/** The object as the SDK gives it: what has a helper, through the helper; else from the text. */
async function object(cell) {
  const q = question();
  const request = { turns: [{ user: q }], schema: level };
  if (cell.sdk.object) {
    const parts = [];
    const whole = await cell.sdk.object({ model: cell.model.name, max: 1000, ...request, onPart: (o) => parts.push(o) }, cell.stream);
    if (cell.stream) assert.deepEqual(parts.at(-1), whole);
    return whole;
  }
  const got = await cell.ask(request);
  return got.parsed ?? JSON.parse(got.text);
}

scenario('structured output', {}, async (cell) => {
  await cell.script(byTool(cell) ? { calls: [{ name: 'json', input: said }] } : { text: JSON.stringify(said) });
  if (!byTool(cell) && cell.promised('structured output').word === '400') {
    await assert.rejects(object(cell), (thrown) => {
      const e = cell.client.error(thrown);
      assert.equal(e.kind, 'invalid');
      assert.match(e.text, /response_format|output_config/);
      return true;
    });
    return assert.deepEqual(await cell.sent(), []);
  }
  assert.deepEqual(shape.parse(await object(cell)), said);
  const sent = await cell.sentOnce();
  if (byTool(cell)) {
    assert.deepEqual(sent.tools, ['json']);
    return assert.ok(['any', 'required'].includes(sent.choice));
  }
  assert.deepEqual(sent.schema.required, level.required);
  return assert.deepEqual(Object.keys(sent.schema.properties), Object.keys(level.properties));
});
