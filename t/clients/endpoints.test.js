// Responses, embeddings, completions and models through the official client; and the echo provider.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import OpenAI from 'openai';

import { EMAIL, Gateway, policy, target } from './gateway.js';
import { Provider, chunk, json, stream } from './provider.js';

const provider = new Provider();
const gateway = new Gateway();
const echo = new Gateway();
let client;

before(async () => {
  await provider.start();
  await gateway.start(policy(target(provider, { model: 'm-target' })));
  await echo.start(policy({ id: 'echo', provider: 'echo' }));
  client = gateway.client();
});
after(async () => {
  await gateway.stop();
  await echo.stop();
  provider.stop();
});

const message = (text) => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text, annotations: [] }],
});
const response = (text) => ({
  id: 'resp_1',
  object: 'response',
  created_at: 1700000000,
  model: 'm-target',
  status: 'completed',
  output: [message(text)],
  usage: { input_tokens: 11, output_tokens: 7, total_tokens: 18 },
});

test('a response comes back redacted', async () => {
  provider.answer(json(response(`Ask ${EMAIL}.`)));
  const answer = await client.responses.create({
    model: 'm',
    instructions: EMAIL,
    input: `Mail ${EMAIL}`,
  });
  assert.equal(answer.output_text, 'Ask [EMAIL].');
  const [{ body, path }] = provider.requests;
  assert.equal(path, '/v1/responses');
  assert.deepEqual([body.instructions, body.input], ['[EMAIL]', 'Mail [EMAIL]']);
});

const delta = (text, number) => ({
  type: 'response.output_text.delta',
  sequence_number: number,
  item_id: 'msg_1',
  output_index: 0,
  content_index: 0,
  delta: text,
});
const created = {
  type: 'response.created',
  sequence_number: 0,
  response: { ...response(''), output: [] },
};
const item = { id: 'msg_1', type: 'message', role: 'assistant', content: [] };
const added = { type: 'response.output_item.added', sequence_number: 1, output_index: 0, item };
const part = { type: 'output_text', text: '', annotations: [] };
const opened = {
  type: 'response.content_part.added',
  sequence_number: 2,
  item_id: 'msg_1',
  output_index: 0,
  content_index: 0,
  part,
};
const completed = (text) => ({
  type: 'response.completed',
  sequence_number: 9,
  response: response(text),
});

test('a response stream comes back redacted', async () => {
  const texts = ['Ask jane', '.doe@acme', '-mail.com', ' now.'];
  const deltas = texts.map((text, i) => delta(text, i + 3));
  const events = [created, added, opened, ...deltas, completed(texts.join(''))];
  provider.answer(stream(events, { named: true }));
  let text = '';
  let last;
  for await (const event of await client.responses.create({
    model: 'm',
    input: 'Hi',
    stream: true,
  })) {
    if (event.type === 'response.output_text.delta') text += event.delta;
    last = event;
  }
  assert.equal(text, 'Ask [EMAIL] now.');
  assert.equal(last.type, 'response.completed');
  assert.equal(last.response.output[0].content[0].text, 'Ask [EMAIL] now.');
});

test('the response stream helper puts a whole answer together', async () => {
  const events = [
    created,
    added,
    opened,
    delta('All ', 3),
    delta('well.', 4),
    completed('All well.'),
  ];
  provider.answer(stream(events, { named: true }));
  const final = await client.responses.stream({ model: 'm', input: 'Hi' }).finalResponse();
  assert.equal(final.output_text, 'All well.');
});

test('a cut response stream throws', async () => {
  provider.answer(
    stream([created, delta('Hello there ', 1), delta('you', 2)], { named: true, cut: true }),
  );
  const read = async () => {
    for await (const event of await client.responses.create({
      model: 'm',
      input: 'Hi',
      stream: true,
    })) {
      assert.ok(event.type);
    }
  };
  const error = await read().then(
    () => assert.fail('it succeeded'),
    (reason) => reason,
  );
  assert.ok(error instanceof OpenAI.APIError, String(error));
  assert.match(error.message, /\S/);
});

test('embeddings arrive as the provider meant them', async () => {
  const vector = [0.5, -0.25, 1];
  provider.answer((answer, { body }) => {
    assert.equal(body.encoding_format, 'base64'); // the client's default
    const embedding = Buffer.from(new Float32Array(vector).buffer).toString('base64');
    const data = body.input.map((_, index) => ({ object: 'embedding', index, embedding }));
    json({ object: 'list', model: 'm-target', data, usage: { prompt_tokens: 1, total_tokens: 1 } })(
      answer,
    );
  });
  const { data } = await client.embeddings.create({ model: 'm', input: ['Hi', `Mail ${EMAIL}`] });
  assert.deepEqual(
    data.map((entry) => [...entry.embedding]),
    [vector, vector],
  );
  assert.deepEqual(provider.requests[0].body.input, ['Hi', 'Mail [EMAIL]']);
});

test('legacy completions come back redacted', async () => {
  const choices = [{ index: 0, text: `Ask ${EMAIL}`, finish_reason: 'stop', logprobs: null }];
  provider.answer(json({ ...chunk({}), object: 'text_completion', choices }));
  const answer = await client.completions.create({ model: 'm', prompt: [`Mail ${EMAIL}`] });
  assert.equal(answer.choices[0].text, 'Ask [EMAIL]');
  assert.deepEqual(provider.requests[0].body.prompt, ['Mail [EMAIL]']);
});

test('models can be listed', async () => {
  const ids = [];
  for await (const model of client.models.list()) ids.push(model.id);
  assert.ok(ids.length >= 1);
  assert.ok(ids.includes('main') || ids.includes('m-target'), ids.join());
});

test('echo answers with what a provider would have received', async () => {
  const messages = [{ role: 'user', content: `Mail ${EMAIL} now` }];
  const answer = await echo.client().chat.completions.create({ model: 'm', messages });
  assert.equal(answer.choices[0].message.content, 'Mail [EMAIL] now');
  assert.equal(answer.model, 'echo');
});

test('echo streams', async () => {
  const messages = [{ role: 'user', content: `Mail ${EMAIL} now` }];
  const helper = echo.client().chat.completions.stream({ model: 'm', messages });
  assert.equal(await helper.finalContent(), 'Mail [EMAIL] now');
});

test('echo serves responses and embeddings', async () => {
  const answer = await echo.client().responses.create({ model: 'm', input: 'Hello echo' });
  assert.equal(answer.output_text, 'Hello echo');
  const { data } = await echo.client().embeddings.create({ model: 'm', input: 'Hello' });
  assert.ok(data[0].embedding.length > 0);
  assert.ok(data[0].embedding.every((number) => Number.isFinite(number)));
});
