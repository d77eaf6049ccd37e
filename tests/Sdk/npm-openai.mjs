// The npm package "openai" through Relay: what it is given, what it raises, and what Relay has counted of it.
import assert from "node:assert/strict";
import OpenAI, { APIError, AuthenticationError, RateLimitError } from "openai";

const url = process.env.RELAY_URL;
const model = "relay-echo";

async function admin(path, body) {
  const response = await fetch(`${url}/admin/api/${path}`, {
    method: body ? "POST" : "GET",
    headers: { authorization: `Bearer ${process.env.RELAY_ADMIN_KEY}` },
    body: body && JSON.stringify(body),
  });
  assert.ok(response.ok, await response.clone().text());
  return response.json();
}

async function caller(limits = []) {
  const key = await admin("keys", { user: "npm", limits });
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key.key, maxRetries: 0 });
  return { client, usage: async () => (await admin(`keys/${key.id}/usage`)).totals };
}

const text = "one two three four";
const messages = [{ role: "user", content: text }];
const { client, usage } = await caller();

const chat = await client.chat.completions.create({ model, messages });
assert.equal(chat.choices[0].message.content, text);
assert.match(chat._request_id, /^req_[0-9a-f]{32}$/);

let streamed = "";
for await (const chunk of await client.chat.completions.create({ model, messages, stream: true })) {
  assert.equal(chunk.choices.length, 1);
  streamed += chunk.choices[0].delta.content ?? "";
}
assert.equal(streamed, text);

let last;
for await (const chunk of await client.chat.completions.create({ model, messages, stream: true, stream_options: { include_usage: true } })) {
  last = chunk;
}
assert.deepEqual([last.choices.length, last.usage.total_tokens], [0, 8]);

const completion = await client.completions.create({ model, prompt: text });
assert.equal(completion.choices[0].text, text);

const response = await client.responses.create({ model, input: text });
assert.deepEqual([response.output_text, response.usage.total_tokens], [text, 8]);

const types = [];
for await (const event of await client.responses.create({ model, input: text, stream: true, max_output_tokens: 2 })) {
  types.push(event.type);
}
assert.deepEqual([types[0], types.at(-1)], ["response.created", "response.incomplete"]);

const embedding = await client.embeddings.create({ model, input: [text, "five"] });
assert.deepEqual([embedding.data.length, embedding.data[0].embedding.length], [2, 16]);

const moderation = await client.moderations.create({ input: text });
assert.equal(moderation.results[0].flagged, false);

const models = [];
for await (const one of client.models.list()) {
  models.push(one.id);
}
assert.deepEqual(models, [model]);

// Deleted as soon as it is over: it is counted all the same, and only once.
const begun = await client.responses.create({ model, input: text, background: true });
assert.equal(begun.status, "queued");
for (let i = 0; i < 3; i++) {
  const kept = await client.responses.retrieve(begun.id);
  assert.deepEqual([kept.status, kept.output_text, kept.usage.total_tokens], ["completed", text, 8]);
}
await client.responses.delete(begun.id);

// Chat three times, a completion, three responses, embeddings and a moderation: the lists of models are not counted.
const totals = await usage();
assert.deepEqual([totals.requests, totals.input_tokens, totals.output_tokens], [9, 7 * 4 + 5, 6 * 4 + 2]);

await assert.rejects(client.chat.completions.create({ model: "no-such-model", messages }), (e) => e.status === 404 && e.code === "model_not_found");

const wrong = new OpenAI({ baseURL: `${url}/v1`, apiKey: "sk-relay-wrong", maxRetries: 0 });
await assert.rejects(wrong.models.list(), (e) => e instanceof AuthenticationError && e.code === "invalid_api_key");

// With its own retries: a quota that is used up must not be tried again, however often the SDK would.
const limited = await caller([{ metric: "requests", window: "day", amount: 1 }]);
await limited.client.moderations.create({ input: text });
await assert.rejects(
  limited.client.withOptions({ maxRetries: 3 }).chat.completions.create({ model, messages }),
  (e) => e instanceof RateLimitError && e instanceof APIError && e.code === "insufficient_quota",
);
assert.equal((await limited.usage()).requests, 1);

console.log("npm openai: passed");
