/** A dashboard on a simulated kernel, and clients for it. */
import { request } from 'node:http';
import type { TestContext } from 'node:test';
import { type DashboardOptions, startDashboard } from '../../src/dashboard/server.ts';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { SimulatedKernel } from '../../src/simulator/kernel.ts';

/** Serves a kernel's devices until the test ends. */
export async function serve(t: TestContext, kernel: SimulatedKernel, options: Partial<DashboardOptions> = {}) {
  const troubles: unknown[] = [];
  const dm = new DeviceMapper(kernel.openControl());
  const dashboard = await startDashboard(dm, {
    host: '127.0.0.1',
    port: 0,
    intervalMs: 20,
    simulated: false,
    version: '1.2.3',
    timeOfDay: Date.now,
    onTrouble: (error) => troubles.push(error),
    ...options,
  });
  t.after(() => dashboard[Symbol.asyncDispose]());
  return { dm, url: dashboard.url, troubles };
}

/** A kernel with device `t0` of 20480 sectors and a way to read from it. */
export function makeKernel() {
  const kernel = new SimulatedKernel();
  kernel.addDevice('t0', { sectors: 20480 });
  const read = (sector = 0): void => {
    kernel.io({ device: 't0', direction: 'read', sector, sectors: 8, durationNs: 0 });
  };
  const say = (text: string): string => kernel.message('t0', text) ?? '';
  return { kernel, read, say };
}

export interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

/** One request, with headers that fetch() would not let through. */
export async function ask(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request(url, { headers, method }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      response.on('error', reject);
    });
    call.on('error', reject);
    call.end();
  });
}

/** A server-sent event. */
export interface SentEvent {
  readonly event: string;
  readonly data: unknown;
}

/** Reads events until the caller breaks off, which closes the connection. */
export async function* events(url: string, t: TestContext): AsyncGenerator<SentEvent, void, void> {
  const stop = new AbortController();
  t.after(() => stop.abort());
  const { body } = await fetch(url, { signal: stop.signal });
  if (body === null) throw new Error('no body');
  let text = '';
  try {
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const match = /event: (\w+)\ndata: (.*)$/.exec(text.slice(0, end));
        text = text.slice(end + 2);
        if (match !== null) yield { event: match[1] ?? '', data: JSON.parse(match[2] ?? '') };
      }
    }
  } finally {
    stop.abort();
  }
}
