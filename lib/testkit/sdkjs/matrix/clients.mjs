// The clients of the matrix: the official SDKs, each in the ways in which it is
// called. A request is written here in one form for all of them:
//
//   model, max, system, tools: [{ name, description, mark }], choice, parallel,
//   stop, temperature, topK, seed, schema, effort, budget, signal, headers, onText,
//   more (the SDK's own members)
//   system and a turn of the user are a text, or parts:
//     { text, mark } { image, detail } { imageURL } { pdf } { sound }   (data in base64; mark is a cache mark)
//   turns: [{ user } | { reply } | { assistant: text } | { results: [{ call, text, failed, image }] } | { system }]
//
// and so is a reply:
//
//   text, refusal, thoughts, calls: [{ id, name, input }], finish (end, length,
//   tools, filter, or the SDK's own word), usage: { input, read, write, output }
//   and native, which is what the SDK gives back in the next turn
//
// A client opens a session { tap, ask, loop, object, count, models }, of which
// the last ones are there where the SDK has them, and reads its errors.
import { clients as anthropic } from './anthropic.mjs';
import { clients as openai } from './openai.mjs';
import { clients as ai } from './vercel.mjs';

export const clients = [...openai, ...anthropic, ...ai];
