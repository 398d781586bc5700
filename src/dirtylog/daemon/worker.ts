/** The thread that answers the kernel. It waits for nobody: what may take long, and what asks device-mapper, is the other's. */
import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { DM_ULOG_REQUEST_MASK, ulogRequestName } from '../../kernel/dm-log-userspace.ts';
import { AsyncWrites } from '../../system/async-writes.ts';
import { ConnectorSocket } from '../../system/connector-socket.ts';
import { SystemError } from '../../system/errors.ts';
import { guarded, type UntrustedPolicy } from '../guarded-policy.ts';
import type { LogEvent, ServerPorts } from '../ports.ts';
import { askForLost } from '../protocol/lost-requests.ts';
import { type ResyncPolicy, resyncPolicy } from '../resync.ts';
import { settingsOf } from '../resync-book.ts';
import { LogServer } from '../server.ts';
import { answerQuestion } from './answer-question.ts';
import { Busy } from './busy.ts';
import { openDeviceStore, type Writers } from './device-store.ts';
import type { FromWorker, Question, ToWorker, WorkerData } from './messages.ts';
import { loadPolicy } from './policy-sandbox.ts';
import { RequestLoop } from './request-loop.ts';
import { StateFolder } from './state-folder.ts';

const HOUR_MINUTES = 60;
/** Requests that a server may have read and died before it kept their numbers. */
const LOST_UNSEEN = 16;

/** The server, its world, and what the other thread wants of it. */
class KernelThread {
  readonly #port: MessagePort;
  readonly #state: StateFolder;
  readonly #socket: ConnectorSocket;
  readonly #writers: Writers = { writes: AsyncWrites.open(), busy: new Busy() };
  readonly #server: LogServer;
  readonly #loop: RequestLoop;
  /** The number of the last request that was read, where the next server finds it. */
  readonly #last: Uint32Array;
  readonly #requests = new Float64Array(DM_ULOG_REQUEST_MASK + 1);
  readonly #legSyncs = new Map<number, (error: string | undefined) => void>();
  readonly #policy: UntrustedPolicy | undefined;
  #nextLegSync = 0;
  #resync: WorkerData['resync'];
  #isTracing = false;
  #hasHeard = false;
  /** What the epochs of this server begin with: another one must not take them for its own. */
  readonly #epochs = randomBytes(4).toString('hex');
  #lastEpoch = 0;

  constructor(
    port: MessagePort,
    { wakeFd, socketFd, stateFolder, resync }: WorkerData,
    policy: UntrustedPolicy | undefined,
  ) {
    this.#port = port;
    this.#policy = policy;
    this.#socket = new ConnectorSocket(socketFd);
    this.#resync = resync;
    this.#state = new StateFolder(stateFolder);
    this.#last = this.#state.lastRequest();
    this.#server = new LogServer(this.#ports());
    this.#loop = new RequestLoop(this.#socket, this.#server, this.#writers, wakeFd);
    port.on('message', (message: ToWorker) => this.#hear(message));
  }

  async run({ records }: WorkerData): Promise<void> {
    for (const record of records) {
      // Its requests wait from now on, so the loop may begin.
      const adoption = this.#server.adopt(record).catch((error: unknown) => {
        this.#event({ type: 'notAdopted', uuid: record.uuid, reason: messageOf(error) });
      });
      void this.#writers.busy.of(adoption);
    }
    this.#askForLost(((this.#last[0] as number) + 1 + LOST_UNSEEN) >>> 0);
    this.#tell({ type: 'ready' });
    await this.#loop.run((length) => this.#handle(length));
    this.#loop[Symbol.dispose]();
    this.#port.close();
  }

  #handle(length: number): boolean {
    const { incoming } = this.#server;
    if (this.#isTracing) this.#traced('kernel', incoming.bytes, length);
    const isAll = this.#server.receive(length);
    const { type } = incoming;
    this.#requests[type] = (this.#requests[type] as number) + 1;
    if (type === 0) return isAll;
    this.#last[0] = incoming.seq;
    if (this.#hasHeard) return isAll;
    this.#hasHeard = true;
    // Those of which the server before had no time to keep the number, or whose number was lost with /run.
    this.#askForLost(incoming.seq);
    return isAll;
  }

  #askForLost(firstSeq: number): void {
    askForLost(firstSeq, (bytes, length) => this.#send(bytes, length));
  }

  #ports(): ServerPorts {
    return {
      send: (bytes, length) => this.#send(bytes, length),
      event: (event) => this.#event(event),
      poke: (uuid) => this.#tell({ type: 'poke', uuid }),
      persist: (records) => {
        this.#state.keepRecords(records);
        this.#tell({ type: 'logsChanged' });
      },
      openDevice: (device) => this.#writers.busy.of(openDeviceStore(device, this.#writers)),
      openRun: (uuid, label, bytes, fresh) => this.#writers.busy.of(this.#state.openBits(uuid, label, bytes, fresh)),
      resyncPolicy: (uuid) => this.#policyOf(uuid),
      syncLegs: (uuid) => this.#writers.busy.of(this.#syncLegs(uuid)),
      now: () => performance.now(),
      minuteOfDay() {
        const now = new Date();
        return now.getHours() * HOUR_MINUTES + now.getMinutes();
      },
      pause: () => this.#pause(),
    };
  }

  #send(bytes: Uint8Array, length: number): void {
    if (this.#isTracing) this.#traced('server', bytes, length);
    try {
      this.#socket.send(bytes, length);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#event({ type: 'sendFailed', reason: error.message });
    }
  }

  #syncLegs(uuid: string): Promise<void> {
    const id = this.#nextLegSync++;
    return new Promise((resolve, reject) => {
      this.#legSyncs.set(id, (error) => (error === undefined ? resolve() : reject(new Error(error))));
      this.#tell({ type: 'syncLegs', id, uuid });
    });
  }

  #hear(message: ToWorker): void {
    switch (message.type) {
      case 'question':
        void this.#answer(message.id, message.question);
        return;
      case 'resync':
        this.#resync = message.book;
        for (const mirror of this.#server.mirrors) mirror.policy = this.#policyOf(mirror.uuid);
        return;
      case 'trace':
        this.#isTracing = message.isOn;
        return;
      case 'legsSynced':
        this.#legSyncs.get(message.id)?.(message.error);
        this.#legSyncs.delete(message.id);
        return;
      case 'forget':
        this.#server.forget(message.uuid, BigInt(message.luid));
        return;
      case 'stop':
        this.#loop.stop();
        return;
    }
  }

  async #answer(id: number, question: Question): Promise<void> {
    const answer = await answerQuestion(question, this.#server, {
      requests: () => this.#requestCounts(),
      newEpoch: () => `${this.#epochs}-${++this.#lastEpoch}`,
      isOwn: (epoch) => epoch.startsWith(`${this.#epochs}-`),
      pause: () => this.#pause(),
    });
    this.#tell({ type: 'answer', id, answer });
  }

  #pause(): Promise<void> {
    return this.#writers.busy.of(new Promise((resolve) => setImmediate(resolve)));
  }

  #policyOf(uuid: string): ResyncPolicy {
    const own = this.#policy;
    const onFailure = (reason: string): void => this.#event({ type: 'policyFailed', uuid, reason });
    return resyncPolicy(settingsOf(this.#resync, uuid), own === undefined ? undefined : guarded(own, onFailure));
  }

  #requestCounts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const [type, count] of this.#requests.entries()) {
      const name = ulogRequestName(type);
      if (name !== undefined) counts[name] = count;
    }
    return counts;
  }

  #traced(from: 'kernel' | 'server', bytes: Uint8Array, length: number): void {
    this.#tell({ type: 'datagram', from, ms: performance.now(), bytes: bytes.slice(0, length) });
  }

  #event(event: LogEvent): void {
    this.#tell({ type: 'event', event });
  }

  #tell(message: FromWorker): void {
    this.#port.postMessage(message);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function serve(port: MessagePort, data: WorkerData): Promise<void> {
  const policy = data.policy === undefined ? undefined : await loadPolicy(data.policy);
  await new KernelThread(port, data, policy).run(data);
}

if (parentPort === null) throw new Error('this module is the thread of dmlogd');
// A failure is an unhandled rejection: it ends the thread, and the other one is told.
void serve(parentPort, workerData);
