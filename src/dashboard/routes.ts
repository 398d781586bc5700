import type { IncomingMessage, ServerResponse } from 'node:http';
import { METRICS_MEDIA_TYPE, type MetricsFormat } from '../report/openmetrics.ts';
import { type AccessPolicy, denial } from './access.ts';
import type { Asset } from './assets.ts';
import { streamEvents } from './event-stream.ts';
import type { Feed } from './feed.ts';
import type { Hello } from './wire.ts';

/** More pages than people look at. */
const MAX_STREAMS = 64;

/** What the server answers with. */
export interface Content {
  readonly policy: AccessPolicy;
  readonly assets: ReadonlyMap<string, Asset>;
  readonly feed: Feed;
  readonly hello: Hello;
  readonly metrics: (format: MetricsFormat) => Promise<string>;
}

/** The page runs its own script and style and talks to its own server; nothing else, whatever a name may hold. */
const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cache-control': 'no-store',
};

/** Answers one request. */
export async function answer(request: IncomingMessage, response: ServerResponse, content: Content): Promise<void> {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  const say = (status: number, text: string): void => {
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
    response.end(`${text}\n`);
  };
  const target = `http://host${request.url ?? ''}`;
  if (!URL.canParse(target)) return say(400, 'this is no path');
  const url = new URL(target);
  const asset = content.assets.get(url.pathname);
  const denied = denial(
    {
      method: request.method,
      host: request.headers.host,
      origin: request.headers.origin,
      authorization: request.headers.authorization,
      queryToken: url.searchParams.get('token') ?? undefined,
      isForData: asset === undefined || url.pathname === '/',
    },
    content.policy,
  );
  if (denied !== undefined) {
    if (denied.status === 405) response.setHeader('allow', 'GET');
    if (denied.status === 401) response.setHeader('www-authenticate', 'Bearer');
    return say(denied.status, denied.reason);
  }
  if (asset !== undefined) {
    response.writeHead(200, { 'content-type': asset.mediaType });
    response.end(asset.body);
  } else if (url.pathname === '/events') {
    if (content.feed.size >= MAX_STREAMS) return say(503, `${MAX_STREAMS} pages are being served: close one`);
    streamEvents(response, content.feed, content.hello);
  } else if (url.pathname === '/metrics') {
    const format = /\bapplication\/openmetrics-text\b/i.test(request.headers.accept ?? '')
      ? 'openmetrics'
      : 'prometheus';
    const text = await content.metrics(format);
    response.writeHead(200, { 'content-type': METRICS_MEDIA_TYPE[format] });
    response.end(text);
  } else say(404, 'there is no such page');
}
