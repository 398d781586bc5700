import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';

/** Who may ask. */
export interface AccessPolicy {
  /** The names and addresses under which the server is asked for; any port, since tunnels change it. */
  readonly hosts: ReadonlySet<string>;
  /** Whether it may be asked for by any address: a name that an attacker lets point here is none. */
  readonly anyAddress: boolean;
  /** What clients must know; undefined for nothing. */
  readonly token: string | undefined;
}

/** What of a request decides whether it is answered. */
export interface RequestFacts {
  readonly method: string | undefined;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly authorization: string | undefined;
  /** The `token` of the query. */
  readonly queryToken: string | undefined;
  /** Whether it is for data, and not for a file that everybody has who has the package. */
  readonly isForData: boolean;
}

/** Why a request is refused. */
export interface Denial {
  readonly status: 401 | 403 | 405 | 421;
  readonly reason: string;
}

/**
 * Whether a request is answered. The Host must be the server's: else a web site could let its own name point here and
 * read everything (DNS rebinding). The Origin, where there is one, must be the page's own.
 */
export function denial(request: RequestFacts, policy: AccessPolicy): Denial | undefined {
  if (request.method !== 'GET') return { status: 405, reason: 'only GET is answered' };
  const host = hostName(request.host);
  if (host === undefined || !(policy.hosts.has(host) || (policy.anyAddress && isIP(host) !== 0))) {
    return { status: 421, reason: 'this server is not known by that Host' };
  }
  if (request.origin !== undefined && request.origin.toLowerCase() !== `http://${request.host}`.toLowerCase()) {
    return { status: 403, reason: 'pages of other origins are not answered' };
  }
  if (policy.token !== undefined && request.isForData && !isKnown(request, policy.token)) {
    return { status: 401, reason: 'a token is needed: ?token=… or Authorization: Bearer …' };
  }
  return undefined;
}

/** The host of a `Host` header without its port and brackets, in lower case. */
function hostName(header: string | undefined): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]/?#@\s]+))(?::\d{1,5})?$/i.exec(header ?? '');
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}

function isKnown({ authorization, queryToken }: RequestFacts, token: string): boolean {
  const bearer = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  return [bearer, queryToken].some((given) => given !== undefined && isSame(given, token));
}

/** Compares in a time that tells nothing of where they differ: digests are of one length whatever was given. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
