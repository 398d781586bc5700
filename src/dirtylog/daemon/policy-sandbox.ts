/**
 * Where the module of a policy runs: a world of its own in the thread that answers the kernel, with the language and
 * without Node. There is no file, no socket and no timer in it, so that it cannot wait for the mirror that waits for it;
 * and what only computes is ended by force. It keeps mistakes apart, not attackers: the file is root's.
 */
import vm from 'node:vm';
import { UsageError } from '../../mapper/errors.ts';
import { LatePolicy, type UntrustedPolicy } from '../guarded-policy.ts';
import type { ResyncQueue, ResyncTime } from '../resync.ts';
import * as policies from '../resync.ts';
import type { PolicySource } from './policy-file.ts';

/** What a call may take: the kernel's requests wait for it. */
export const POLICY_CALL_MS = 250;
const LOAD_MS = 5000;

const LIBRARY = 'devicemapper/dirtylog';
const EXPECTED =
  'expected a module of JavaScript that imports nothing but devicemapper/dirtylog, and whose default export is a ' +
  'function (mirror, time) that returns the number of a region or "wait"';

/** The policies that a module may import, to combine them with its own. */
const LIBRARY_EXPORTS: Readonly<Record<string, unknown>> = {
  byHeat: policies.byHeat,
  inOrder: policies.inOrder,
  limitedTo: policies.limitedTo,
  onlyIn: policies.onlyIn,
  paused: policies.paused,
  rangesFirst: policies.rangesFirst,
};

/**
 * Runs in the module's world, under its time limit: outside of it nobody looks at an object of the module, which could
 * run the module's code. An answer is a list of plain values, an error a text with the place that threw it.
 */
const INSIDE = `(path) => {
  const plain = (value) => ((typeof value === 'object' && value !== null) || typeof value === 'function' ? {} : value);
  const describe = (error) => {
    const stack = typeof error === 'object' && error !== null ? String(error.stack) : '';
    const at = stack.indexOf(path + ':');
    return String(error) + (at < 0 ? '' : ', ' + /^[^)\\n]*/.exec(stack.slice(at))[0]);
  };
  const answer = (policy, mirror, time) => {
    try {
      const choice = policy(mirror, time);
      if (choice instanceof Promise) throw new TypeError('it answers a promise: it must answer at once');
      const isLong = typeof choice === 'object' && choice !== null && 'region' in choice;
      return isLong ? ['long', plain(choice.region), plain(choice.countsAtMs)] : ['short', plain(choice)];
    } catch (error) {
      return ['failed', describe(error)];
    }
  };
  return { answer, describe };
}`;

interface Inside {
  readonly answer: (policy: unknown, mirror: ResyncQueue, time: ResyncTime) => readonly [string, unknown, unknown];
  readonly describe: (error: unknown) => string;
}

/** The module's world. */
class World {
  /** What promises of the module do is done, or ended, before a call of it is over. */
  readonly context = vm.createContext(
    {},
    { microtaskMode: 'afterEvaluate', codeGeneration: { strings: false, wasm: false } },
  );
  readonly inside: Inside;
  /** Only what a script calls is ended by force. */
  readonly #start = new vm.Script('dmlogd()');

  constructor(path: string) {
    this.inside = vm.runInContext(INSIDE, this.context)(path);
  }

  /** @throws LatePolicy when it takes longer than `POLICY_CALL_MS`; Error when it throws */
  call(policy: unknown, mirror: ResyncQueue, time: ResyncTime): unknown {
    let answer: ReturnType<Inside['answer']> | undefined;
    this.context['dmlogd'] = () => {
      answer = this.inside.answer(policy, mirror, time);
    };
    const start = performance.now();
    try {
      this.#start.runInContext(this.context, { timeout: POLICY_CALL_MS });
    } catch {
      // The limit's own clock is coarser than this one.
      if (performance.now() - start > POLICY_CALL_MS / 2)
        throw new LatePolicy(`it takes more than ${POLICY_CALL_MS} ms`);
      throw new Error('it throws what cannot be told');
    }
    const [kind, first, second] = answer ?? ['failed', 'it has not been called'];
    if (kind === 'failed') throw new Error(String(first));
    return kind === 'long' ? { region: first, countsAtMs: second } : first;
  }
}

/**
 * Loads the module of a policy, in a thread that was started with `POLICY_FLAGS`.
 *
 * @returns its function, which throws `LatePolicy` when it takes longer than `POLICY_CALL_MS`
 * @throws UsageError naming the file, what is wrong with it and what is expected
 */
export async function loadPolicy({ path, text }: PolicySource): Promise<UntrustedPolicy> {
  // A promise that the module rejects and nobody waits for must not end the thread.
  process.on('unhandledRejection', (reason, promise) => {
    if (promise instanceof Promise) throw reason;
  });
  const world = new World(path);
  const policy = await defaultExport(world, path, text);
  return (mirror, time) => world.call(policy, readOnly(mirror), Object.freeze({ ...time }));
}

async function defaultExport({ context, inside }: World, path: string, text: string): Promise<unknown> {
  const fault = (error: unknown): UsageError =>
    new UsageError(`policy ${path}: ${inside.describe(error)}: ${EXPECTED}`);
  let module: vm.SourceTextModule;
  try {
    module = new vm.SourceTextModule(text, { context, identifier: path });
    await module.link((specifier) => {
      if (specifier === LIBRARY) return library(context);
      throw new Error(`it imports "${specifier}"`);
    });
  } catch (error) {
    // Of a syntax error Node tells the line only where it prints one itself.
    throw fault(`${inside.describe(error)}; "node --check ${path}" may say where`);
  }
  // In such a world the promise need not resolve: what has come of it when the call is over is in the status.
  module.evaluate({ timeout: LOAD_MS }).catch(() => {});
  if (module.status === 'errored') throw fault(module.error);
  let policy: unknown;
  try {
    policy = Reflect.get(module.namespace, 'default');
  } catch (error) {
    throw fault(error);
  }
  if (typeof policy !== 'function') throw fault('it has no function as its default export');
  return policy;
}

function library(context: vm.Context): vm.Module {
  const names = Object.keys(LIBRARY_EXPORTS);
  const module = new vm.SyntheticModule(
    names,
    () => {
      for (const name of names) module.setExport(name, LIBRARY_EXPORTS[name]);
    },
    { context, identifier: LIBRARY },
  );
  return module;
}

/** What a policy is given: none of the server's own objects, in which a bit could be changed. */
function readOnly(mirror: ResyncQueue): ResyncQueue {
  const { outOfSync, heat } = mirror;
  return Object.freeze({
    ...mirror,
    outOfSync: Object.freeze({
      count: outOfSync.count,
      has: (region: number) => outOfSync.has(region),
      next: (from: number) => outOfSync.next(from),
    }),
    heat: Object.freeze({ partRegions: heat.partRegions, of: (region: number) => heat.of(region) }),
  });
}
