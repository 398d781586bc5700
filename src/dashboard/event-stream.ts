import type { ServerResponse } from 'node:http';
import { jsonText } from '../report/json.ts';
import type { Feed } from './feed.ts';
import type { Hello } from './wire.ts';

/** What may wait for a client that reads slowly; beyond it samples are left out, and the page shows a gap. */
const MAX_WAITING_BYTES = 8 * 2 ** 20;
/** After so many milliseconds a browser that lost the connection tries again. */
const RETRY_MS = 2000;

/** Answers with server-sent events (HTML Living Standard, 9.2) until the client leaves or the feed fails. */
export function streamEvents(response: ServerResponse, feed: Feed, hello: Hello): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  const send = (event: string, data: string): void => {
    // JSON in one line: no line break can end the event early.
    response.write(`event: ${event}\ndata: ${data}\n\n`);
  };
  response.write(`retry: ${RETRY_MS}\n`);
  send('hello', jsonText({ ...hello }));
  const leave = feed.listen({
    send(event, data) {
      if (event === 'sample' && response.writableLength > MAX_WAITING_BYTES) return;
      send(event, data);
    },
    fail(error) {
      send('trouble', jsonText({ message: error instanceof Error ? error.message : String(error) }));
      response.end();
    },
  });
  response.on('close', leave);
}
