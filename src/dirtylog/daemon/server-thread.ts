import { Worker } from 'node:worker_threads';
import { EventFd } from '../../system/event-fd.ts';
import type { LogEvent } from '../ports.ts';
import type { Answer, FromWorker, Question, ToWorker, WorkerData } from './messages.ts';
import { builtScript } from './places.ts';
import { POLICY_FLAGS } from './policy-file.ts';

/** Little room for new objects: what is collected at once is little too, and a request waits for no more than that. */
export const THREAD_LIMITS = { maxYoungGenerationSizeMb: 2 } as const;

/** What the server's thread asks of this one. */
export interface ServerThreadHandler {
  onEvent(event: LogEvent): void;
  onLogsChanged(): Promise<void>;
  onPoke(uuid: string): void;
  /** Resolves when the caches of a mirror's legs are flushed. */
  syncLegs(uuid: string): Promise<void>;
  onDatagram(datagram: Extract<FromWorker, { type: 'datagram' }>): void;
}

/** The thread that answers the kernel, as this thread sees it. */
export class ServerThread implements AsyncDisposable {
  /** Resolves when requests are being read; rejects when the thread ends before. */
  readonly ready: Promise<void>;
  /** Resolves when the thread has ended by itself; rejects with what made it fail. */
  readonly ended: Promise<void>;
  readonly #worker: Worker;
  readonly #wake = new EventFd();
  readonly #handler: ServerThreadHandler;
  readonly #questions = new Map<number, (answer: Answer) => void>();
  #nextQuestion = 0;
  #hasEnded = false;
  #isReady: () => void = () => {};

  constructor(data: Omit<WorkerData, 'wakeFd'>, handler: ServerThreadHandler) {
    this.#handler = handler;
    this.#worker = new Worker(builtScript('dmlogd-thread'), {
      workerData: { ...data, wakeFd: this.#wake.fd },
      // The socket's descriptor is none that Node has opened: it would warn when it is closed.
      trackUnmanagedFds: false,
      resourceLimits: THREAD_LIMITS,
      ...(data.policy === undefined ? {} : { execArgv: [...POLICY_FLAGS] }),
    });
    this.#worker.on('message', (message: FromWorker) => this.#hear(message));
    this.ended = new Promise((resolve, reject) => {
      this.#worker.on('error', reject);
      this.#worker.on('exit', () => {
        this.#hasEnded = true;
        resolve();
      });
    });
    const early = this.ended.then(() => {
      throw new Error('the thread ended before it read a request');
    });
    this.ready = Promise.race([new Promise<void>((resolve) => (this.#isReady = resolve)), early]);
    // Whoever waits for neither is told by the other.
    this.ready.catch(() => {});
    this.ended.catch(() => {});
  }

  /** Asks something of all mirrors. */
  async ask<Kind extends Question['kind']>(
    question: Extract<Question, { readonly kind: Kind }>,
  ): Promise<Extract<Answer, { readonly kind: Kind }>> {
    const id = this.#nextQuestion++;
    const answer = await new Promise<Answer>((resolve) => {
      this.#questions.set(id, resolve);
      this.tell({ type: 'question', id, question });
    });
    if (!isOfKind(answer, question.kind)) throw new TypeError(`${question.kind} is answered with ${answer.kind}`);
    return answer;
  }

  /** Sends a message, and wakes the thread for it. */
  tell(message: ToWorker): void {
    if (this.#hasEnded) return;
    this.#worker.postMessage(message);
    this.#wake.signal();
  }

  #hear(message: FromWorker): void {
    switch (message.type) {
      case 'ready':
        this.#isReady();
        return;
      case 'event':
        this.#handler.onEvent(message.event);
        return;
      case 'answer':
        this.#questions.get(message.id)?.(message.answer);
        this.#questions.delete(message.id);
        return;
      case 'logsChanged':
        void this.#handler.onLogsChanged();
        return;
      case 'poke':
        this.#handler.onPoke(message.uuid);
        return;
      case 'syncLegs':
        void this.#syncLegs(message.id, message.uuid);
        return;
      case 'datagram':
        this.#handler.onDatagram(message);
        return;
    }
  }

  async #syncLegs(id: number, uuid: string): Promise<void> {
    let error: string | undefined;
    try {
      await this.#handler.syncLegs(uuid);
    } catch (caught) {
      error = caught instanceof Error ? caught.message : String(caught);
    }
    this.tell({ type: 'legsSynced', id, error });
  }

  /** Stops the thread; what is being written ends first, within two seconds. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.tell({ type: 'stop' });
    await this.ended.catch(() => {});
    this.#hasEnded = true;
    this.#wake[Symbol.dispose]();
  }
}

function isOfKind<Kind extends Answer['kind']>(
  answer: Answer,
  kind: Kind,
): answer is Extract<Answer, { readonly kind: Kind }> {
  return answer.kind === kind;
}
