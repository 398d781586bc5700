import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Machine } from './machine.ts';
import { OutputEnd } from './output-end.ts';
import { agentCall } from './shell.ts';

/** Takes output as it comes. No more is read while its promise waits. The agent's may not fail. */
export type Sink = (chunk: Buffer) => void | Promise<void>;

// Something left running may hold a command's outputs open; they are cut after this much silence.
const silenceMs = 500;

/** The host's end of guest/agent.sh. */
export class Agent {
  readonly #machine: Machine;
  readonly #lines;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#lines = createInterface({ input: machine.control });
    // That QEMU has gone is told by its exit. A control socket's error is told to the interface too.
    for (const source of [machine.control, this.#lines, machine.stdout, machine.stderr]) {
      source.on('error', () => {});
    }
  }

  call(name: string, ...words: readonly string[]): void {
    this.#machine.control.write(agentCall(name, ...words));
  }

  async ready(): Promise<void> {
    this.call('ready');
    await once(this.#lines, 'line');
  }

  /** Gives the exit status once all output has been taken. */
  async run(nonce: string, script: string, onStdout: Sink, onStderr: Sink): Promise<number> {
    const { stdout, stderr } = this.#machine;
    const outputs = Promise.all([readUntil(stdout, `${nonce}\n`, onStdout), readUntil(stderr, `${nonce}\n`, onStderr)]);
    const exit = once(this.#lines, 'line') as Promise<[string]>;
    this.call('run', nonce, script);
    const [line] = await exit;
    const silence = setTimeout(() => this.call('cut'), silenceMs);
    const prolong = () => silence.refresh();
    stdout.on('data', prolong);
    stderr.on('data', prolong);
    try {
      await outputs;
    } finally {
      clearTimeout(silence);
      stdout.off('data', prolong);
      stderr.off('data', prolong);
    }
    return Number(line.split(' ').at(-1));
  }
}

function readUntil(stream: Socket, mark: string, sink: Sink): Promise<void> {
  const end = new OutputEnd(mark);
  return new Promise((resolve) => {
    const take = async (chunk: Buffer) => {
      stream.pause();
      const { output, ended } = end.push(chunk);
      if (ended) stream.off('data', take);
      if (output.length > 0) await sink(output);
      if (ended) resolve();
      else stream.resume();
    };
    stream.on('data', take);
    stream.resume();
  });
}
