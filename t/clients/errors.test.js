// What users of the official client see when something is refused or breaks, and how often it asks.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import OpenAI from 'openai';

import { EMAIL, Gateway, INJECTION, policy, target } from './gateway.js';
import { Provider, chunk, chunks, completion, json, stream } from './provider.js';

const TOKEN = 'kt-token-0123456789abcdef';
const provider = new Provider();
const gateway = new Gateway();
let client;

before(async () => {
  await provider.start();
  const settings = { 'pii-detector': { action: 'block' } };
  const config = policy(
    target(provider, { timeout_seconds: 1, stream_timeout_seconds: 1 }),
    settings,
  );
  // One worker: records stand in the order in which their requests ended.
  await gateway.start(config, ['--api-token', TOKEN, '--workers', '1']);
  client = gateway.client({ apiKey: TOKEN });
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

// The error that `promise` rejects with.
async function failure(promise, kind) {
  const error = await promise.then(
    () => assert.fail('it succeeded'),
    (reason) => reason,
  );
  assert.ok(error instanceof kind, `${error?.constructor?.name}: ${error?.message}`);
  return error;
}

let actions = 0;

// Records that `action` adds, whose requests have the headers it is given: how many requests the
// gateway saw.
async function recordsOf(action) {
  const id = `action-${++actions}`;
  await action({ 'x-conversation-id': id });
  // Records appear a moment after their answers: this one's is there only when those before are.
  await client.chat.completions.create(ask(), { headers: { 'x-request-id': id } });
  const all = await gateway.records(1, (record) => record.client_request_id === id);
  return all.filter((record) => record.conversation_id === id);
}

for (const more of [{}, { stream: true }]) {
  test(`a blocked request is a ConflictError, sent once ${JSON.stringify(more)}`, async () => {
    const records = await recordsOf(async (headers) => {
      const error = await failure(
        client.chat.completions.create(ask(INJECTION, more), { headers }),
        OpenAI.ConflictError,
      );
      assert.equal(error.status, 409);
      assert.equal(error.code, 'input_blocked');
      assert.equal(error.type, 'policy_violation');
      assert.equal(error.error.policy, 'prompt-injection');
      assert.ok(error.requestID);
    });
    assert.deepEqual(
      records.map((record) => record.verdict),
      ['blocked'],
    );
    assert.equal(provider.requests.length, 1); // the one behind it
  });
}

test('a blocked answer is a ConflictError and the provider is asked once', async () => {
  provider.answer(json(completion({ content: `Ask ${EMAIL}` })));
  const error = await failure(client.chat.completions.create(ask()), OpenAI.ConflictError);
  assert.equal(error.code, 'output_blocked');
  assert.equal(provider.requests.length, 1);
});

test('a block inside a stream throws with our message', async () => {
  const texts = ['The address of the owner ', 'is of course ', 'jane.doe', '@acme-mail.com'];
  provider.answer(stream(chunks(...texts)));
  let text = '';
  const read = async () => {
    for await (const part of await client.chat.completions.create(ask('Hi', { stream: true }))) {
      text += part.choices[0]?.delta?.content ?? '';
    }
  };
  const error = await failure(read(), OpenAI.APIError);
  assert.equal(error.code, 'output_blocked');
  assert.match(text, /^The address of the owner/);
  assert.doesNotMatch(text, /jane/);
  assert.equal(provider.requests.length, 1);
});

test('a cut stream throws instead of looking complete', async () => {
  const events = [
    chunk({ role: 'assistant' }),
    chunk({ content: 'Hello there ' }),
    chunk({ content: 'a' }),
  ];
  provider.answer(stream(events, { cut: true }));
  const read = async () => {
    for await (const part of await client.chat.completions.create(ask('Hi', { stream: true }))) {
      assert.ok(part);
    }
  };
  const error = await failure(read(), OpenAI.APIError);
  assert.equal(error.type, 'upstream_error');
  assert.equal(provider.requests.length, 1);
});

test('a stream that fails before its first text is not retried', async () => {
  provider.answer(stream([{ error: { message: 'boom', type: 'server_error' } }]));
  const call = client.chat.completions.create(ask('Hi', { stream: true }));
  const error = await failure(call, OpenAI.InternalServerError);
  assert.equal(error.status, 502);
  assert.equal(provider.requests.length, 1);
});

test('an upstream timeout is not retried by the client', async () => {
  provider.answer(() => {});
  const error = await failure(client.chat.completions.create(ask()), OpenAI.InternalServerError);
  assert.equal(error.status, 504);
  assert.equal(error.code, 'upstream_timeout');
  assert.equal(provider.requests.length, 1);
});

test('a wrong token is an AuthenticationError', async () => {
  const stranger = gateway.client({ apiKey: 'wrong' });
  const error = await failure(stranger.chat.completions.create(ask()), OpenAI.AuthenticationError);
  assert.equal(error.code, 'invalid_api_key');
  assert.equal(provider.requests.length, 0);
});

test('an endpoint that is not governed is a NotFoundError', async () => {
  const call = client.images.generate({ model: 'm', prompt: 'a cat' });
  const error = await failure(call, OpenAI.NotFoundError);
  assert.equal(error.code, 'unsupported_endpoint');
  assert.equal(provider.requests.length, 0);
});

test('a malformed request is a BadRequestError', async () => {
  const call = client.chat.completions.create(ask('Hi', { stream: 'yes' }));
  const error = await failure(call, OpenAI.BadRequestError);
  assert.equal(error.type, 'validation_error');
  assert.equal(provider.requests.length, 0);
});

test('a bad request of the provider keeps its class and code', async () => {
  const error = { message: 'no such model', type: 'invalid_request_error', code: 'bad_param' };
  provider.answer(json({ error }, 400));
  const seen = await failure(client.chat.completions.create(ask()), OpenAI.BadRequestError);
  assert.equal(seen.code, 'bad_param');
});
