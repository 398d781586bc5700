import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, BlockList, isIP } from 'node:net';
import { hostname } from 'node:os';
import type { DeviceMapper } from '../mapper/device-mapper.ts';
import { UsageError } from '../mapper/errors.ts';
import { metricsText } from '../report/openmetrics.ts';
import type { SampleClock } from '../stats/sample-clock.ts';
import { readDevices } from '../stats/sample-devices.ts';
import type { AccessPolicy } from './access.ts';
import { loadAssets } from './assets.ts';
import { Feed, type FindFiles } from './feed.ts';
import { findFiles, type OpenFile } from './files.ts';
import type { AskLogs } from './logs.ts';
import { answer } from './routes.ts';

/** How the dashboard is served. */
export interface DashboardOptions {
  /** A name or an address. */
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** What clients must know; needed for all addresses but the machine's own. */
  readonly token?: string | undefined;
  readonly intervalMs: number;
  /** Undefined for all programs. */
  readonly programId?: string | undefined;
  /** Opens files to look where they lie; undefined when that is not wanted. */
  readonly openFile?: OpenFile | undefined;
  /** Paths of files of groups, beside those that aliases name. */
  readonly files?: readonly string[];
  /** Asks for the dirty logs of mirrors; undefined when they are not to be shown. */
  readonly askLogs?: AskLogs | undefined;
  /** Whether the page says that the devices are simulated. */
  readonly simulated: boolean;
  /** The package's. */
  readonly version: string;
  readonly clock?: SampleClock;
  /** Milliseconds since 1970. */
  readonly timeOfDay: () => number;
  /** Told of requests that could not be answered. */
  readonly onTrouble: (error: unknown) => void;
}

/** A dashboard that is being served. */
export interface Dashboard extends AsyncDisposable {
  /** `http://host:port/`. */
  readonly url: string;
}

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '::1'];
const MIN_TOKEN_LENGTH = 16;
/** Each page is one connection, each scraper one or two. */
const MAX_CONNECTIONS = 256;

/**
 * Serves the page, its events and `/metrics` by HTTP. Nothing is written, to the kernel neither.
 *
 * @throws UsageError for an address of a network without a token, and for a token that can be guessed
 */
export async function startDashboard(dm: DeviceMapper, options: DashboardOptions): Promise<Dashboard> {
  const { token, intervalMs, programId, simulated, version, clock } = options;
  const host = options.host.toLowerCase();
  checkToken(host, token);
  const rhythm = { intervalMs, programId, ...(clock === undefined ? {} : { clock }) };
  const { openFile, files = [] } = options;
  const find: FindFiles = async (devices) =>
    openFile === undefined ? { files: [], problems: [] } : findFiles(dm, openFile, files, devices);
  const feed = new Feed(dm, rhythm, find, options.askLogs ?? (async () => undefined), options.timeOfDay);
  const content = {
    policy: policyOf(host, token),
    assets: loadAssets(),
    feed,
    hello: { version, intervalMs, simulated },
    metrics: async (format: 'openmetrics' | 'prometheus') => metricsText(await readDevices(dm, { programId }), format),
  };
  const server = createServer((request, response) => {
    answer(request, response, content).catch((error: unknown) => {
      options.onTrouble(error);
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' });
      response.end('the devices could not be read\n');
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.listen({ host, port: options.port });
  await once(server, 'listening');
  const { address, port } = server.address() as AddressInfo;
  return {
    url: `http://${isIP(address) === 6 ? `[${address}]` : address}:${port}/`,
    async [Symbol.asyncDispose]() {
      feed[Symbol.dispose]();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Whether only this machine can reach an address. */
function isLoopback(host: string): boolean {
  if (LOOPBACK_NAMES.includes(host)) return true;
  const family = isIP(host);
  if (family === 0) return false;
  const loopback = new BlockList();
  loopback.addSubnet('127.0.0.0', 8, 'ipv4');
  loopback.addAddress('::1', 'ipv6');
  return loopback.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

function checkToken(host: string, token: string | undefined): void {
  if (token === undefined && !isLoopback(host)) {
    throw new UsageError(`${host} can be reached by others: give a --token, or listen on 127.0.0.1`);
  }
  if (token !== undefined && !/^[A-Za-z0-9._~-]+$/.test(token)) {
    throw new UsageError('A token consists of letters, digits and ._~- only');
  }
  if (token !== undefined && token.length < MIN_TOKEN_LENGTH) {
    throw new UsageError(`A token of fewer than ${MIN_TOKEN_LENGTH} characters can be guessed: take a longer one`);
  }
}

function policyOf(host: string, token: string | undefined): AccessPolicy {
  if (isLoopback(host)) return { hosts: new Set([...LOOPBACK_NAMES, host]), anyAddress: false, token };
  return { hosts: new Set([...LOOPBACK_NAMES, host, hostname().toLowerCase()]), anyAddress: true, token };
}
