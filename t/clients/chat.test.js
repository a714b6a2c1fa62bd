// Chat completions through the official client: whole, streamed, with tools.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { EMAIL, Gateway, KEY, policy, target } from './gateway.js';
import { Provider, USAGE, chunk, chunks, completion, json, stream } from './provider.js';

const provider = new Provider();
const gateway = new Gateway();
let client;

before(async () => {
  await provider.start();
  await gateway.start(policy(target(provider)));
  client = gateway.client();
});
after(async () => {
  await gateway.stop();
  provider.stop();
});
beforeEach(() => provider.answer(json(completion({ content: 'All is well.' }))));

const ask = (content = 'Hello there.', more = {}) => ({
  model: 'm-client',
  messages: [{ role: 'user', content }],
  ...more,
});

test('a chat comes back', async () => {
  const answer = await client.chat.completions.create(ask());
  assert.equal(answer.choices[0].message.content, 'All is well.');
  assert.deepEqual(answer.usage, USAGE);
  assert.equal(provider.requests.length, 1);
});

test('the provider gets redacted text and the key of the gateway', async () => {
  await client.chat.completions.create(ask(`Mail ${EMAIL} now`));
  const [{ headers, body, path }] = provider.requests;
  assert.equal(path, '/v1/chat/completions');
  assert.equal(body.messages[0].content, 'Mail [EMAIL] now');
  assert.equal(headers.authorization, `Bearer ${KEY}`);
  assert.ok(!Object.keys(headers).some((name) => name.startsWith('x-stainless')));
});

test('the client sees our request id', async () => {
  const answer = await client.chat.completions.create(ask());
  // Fails when no record of that id comes in time.
  await gateway.records(1, (record) => record.request_id === answer._request_id);
});

test('an answer is redacted', async () => {
  provider.answer(json(completion({ content: `Ask ${EMAIL}.` })));
  const answer = await client.chat.completions.create(ask());
  assert.equal(answer.choices[0].message.content, 'Ask [EMAIL].');
});

test('a stream is redacted and complete', async () => {
  provider.answer(stream(chunks('Ask jane', '.doe@acme', '-mail.com', ' now.')));
  let text = '';
  let finish;
  for await (const part of await client.chat.completions.create(ask('Hi', { stream: true }))) {
    text += part.choices[0]?.delta?.content ?? '';
    finish = part.choices[0]?.finish_reason ?? finish;
  }
  assert.equal(text, 'Ask [EMAIL] now.');
  assert.equal(finish, 'stop');
});

test('usage of a stream arrives when the client asks for it', async () => {
  const usage = { ...chunk({}), choices: [], usage: USAGE };
  const events = chunks('Hello');
  provider.answer(stream([...events.slice(0, -1), usage, '[DONE]']));
  const options = { stream: true, stream_options: { include_usage: true } };
  const parts = [];
  for await (const part of await client.chat.completions.create(ask('Hi', options))) {
    parts.push(part);
  }
  assert.deepEqual(parts.at(-1).usage, USAGE);
});

test('the stream helper puts a whole answer together', async () => {
  provider.answer(stream(chunks('All ', 'is ', 'well.')));
  const helper = client.chat.completions.stream(ask());
  assert.equal(await helper.finalContent(), 'All is well.');
});

const tools = [
  {
    type: 'function',
    function: { name: 'send', parameters: { type: 'object', properties: {} } },
  },
];
const toolCall = (name, args, more) => ({
  type: 'function',
  function: { name, arguments: args },
  ...more,
});

test('tool call arguments are redacted and parse', async () => {
  const args = JSON.stringify({ to: EMAIL, subject: 'Hi "you"' });
  const tool_calls = [toolCall('send', args, { id: 'call_1' })];
  provider.answer(json(completion({ content: null, tool_calls }, 'tool_calls')));
  const answer = await client.chat.completions.create(ask('Hi', { tools }));
  const [call] = answer.choices[0].message.tool_calls;
  assert.equal(call.function.name, 'send');
  assert.deepEqual(JSON.parse(call.function.arguments), { to: '[EMAIL]', subject: 'Hi "you"' });
});

test('streamed tool call arguments are redacted and parse', async () => {
  const args = JSON.stringify({ to: EMAIL, n: 3 });
  const events = [
    chunk({ role: 'assistant', tool_calls: [toolCall('send', '', { index: 0, id: 'call_1' })] }),
  ];
  for (let i = 0; i < args.length; i += 5) {
    const piece = { index: 0, function: { arguments: args.slice(i, i + 5) } };
    events.push(chunk({ tool_calls: [piece] }));
  }
  provider.answer(stream([...events, chunk({}, 'tool_calls'), '[DONE]']));
  const helper = client.chat.completions.stream(ask('Hi', { tools }));
  const { choices } = await helper.finalChatCompletion();
  const [call] = choices[0].message.tool_calls;
  assert.deepEqual(JSON.parse(call.function.arguments), { to: '[EMAIL]', n: 3 });
});

test('runTools runs a tool and sends its result redacted', async () => {
  let seen;
  const run = (args) => {
    seen = args;
    return `found ${EMAIL}`;
  };
  const tool = {
    type: 'function',
    function: {
      name: 'send',
      parse: JSON.parse,
      function: run,
      parameters: { type: 'object', properties: {} },
    },
  };
  provider.answer((response, { body }) => {
    const tool_calls = [toolCall('send', '{"q":"x"}', { id: 'call_1' })];
    const first = completion({ content: null, tool_calls }, 'tool_calls');
    const last = body.messages.at(-1).role === 'tool';
    json(last ? completion({ content: 'done' }) : first)(response);
  });
  const runner = client.chat.completions.runTools(ask('Hi', { tools: [tool] }));
  assert.equal(await runner.finalContent(), 'done');
  assert.deepEqual(seen, { q: 'x' });
  assert.equal(provider.requests[1].body.messages.at(-1).content, 'found [EMAIL]');
});

test('two choices are kept apart', async () => {
  const value = completion({ content: `one ${EMAIL}` });
  value.choices.push({
    ...value.choices[0],
    index: 1,
    message: { role: 'assistant', content: 'two' },
  });
  provider.answer(json(value));
  const { choices } = await client.chat.completions.create(ask('Hi', { n: 2 }));
  assert.deepEqual(
    choices.map((choice) => choice.message.content),
    ['one [EMAIL]', 'two'],
  );
});
