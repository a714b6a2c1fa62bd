// A provider on 127.0.0.1 that remembers what it got and answers with what a test gives it.

import http from 'node:http';
import { once } from 'node:events';

export const USAGE = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };

export class Provider {
  requests = []; // {path, headers, body}
  #answer = json(completion({ content: 'All is well.' }));

  // `answer(response, request)` writes the answer to every following request.
  answer(answer) {
    this.#answer = answer;
    this.requests.length = 0;
  }

  async start() {
    this.server = http.createServer(async (request, response) => {
      const parts = [];
      for await (const part of request) parts.push(part);
      const text = Buffer.concat(parts).toString();
      const { url: path, headers } = request;
      this.requests.push({ path, headers, body: text && JSON.parse(text) });
      this.#answer(response, this.requests.at(-1));
    });
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = this.server.address().port;
    return this;
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

export function json(value, status = 200) {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(value));
  };
}

// Events: objects, or strings as they are. `cut` ends the connection instead of the answer.
export function stream(events, { named = false, cut = false } = {}) {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of events) {
      const name = named ? `event: ${event.type}\n` : '';
      const data = typeof event === 'string' ? event : JSON.stringify(event);
      response.write(`${name}data: ${data}\n\n`);
    }
    if (cut) response.socket.end();
    else response.end();
  };
}

const BASE = { id: 'chatcmpl-1', created: 1700000000, model: 'm-provider' };

export function completion(message, finish_reason = 'stop') {
  const choice = { index: 0, message: { role: 'assistant', ...message }, finish_reason };
  return { ...BASE, object: 'chat.completion', choices: [choice], usage: USAGE };
}

export function chunk(delta, finish_reason = null) {
  const choices = [{ index: 0, delta, finish_reason }];
  return { ...BASE, object: 'chat.completion.chunk', choices };
}

export function chunks(...texts) {
  const role = chunk({ role: 'assistant', content: '' });
  return [role, ...texts.map((content) => chunk({ content })), chunk({}, 'stop'), '[DONE]'];
}
