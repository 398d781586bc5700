import { setImmediate } from 'node:timers/promises';
import { DM_FLAGS } from '../../src/kernel/index.ts';
import type { ControlNode } from '../../src/mapper/control-node.ts';
import { answerText } from './answer-text.ts';
import { type IoctlOperation, type Operation, requestBytes } from './operation.ts';
import type { World } from './world.ts';

function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  throw error;
}

function runIoctl(node: ControlNode, operation: IoctlOperation): string {
  const bytes = requestBytes(operation);
  let outcome = 'ok';
  try {
    node.ioctl(operation.command, bytes);
  } catch (error) {
    outcome = codeOf(error);
  }
  return answerText(outcome, bytes);
}

// A node that has events says so at the event loop's next look at its descriptors, and is heard one turn later.
const TURNS = 5;

async function poll(node: ControlNode): Promise<string> {
  const controller = new AbortController();
  let answer = 'idle';
  const told = node.eventsPending(controller.signal).then(
    () => {
      answer = 'events';
    },
    () => {},
  );
  for (let turn = 0; turn < TURNS && answer === 'idle'; turn++) await setImmediate();
  controller.abort();
  await told;
  return answer;
}

/** Runs a sequence. @returns for each operation what came of it, as text: equal texts are equal answers */
export async function execute(world: World, operations: readonly Operation[]): Promise<string[]> {
  const nodes: [ControlNode, ControlNode] = [world.openControl(), world.openControl()];
  const holds: Disposable[] = [];
  let deferred = false;
  const run = async (operation: Operation): Promise<string> => {
    switch (operation.kind) {
      case 'ioctl':
        deferred ||= ((operation.flags ?? 0) & DM_FLAGS.DEFERRED_REMOVE) !== 0;
        return runIoctl(nodes[operation.node], operation);
      case 'poll':
        return poll(nodes[operation.node]);
      case 'reopen':
        nodes[operation.node][Symbol.dispose]();
        nodes[operation.node] = world.openControl();
        return 'ok';
      case 'hold':
        try {
          holds.push(world.hold(operation.minor));
          return 'ok';
        } catch {
          // No node, no disk: the ways to say so differ.
          return 'none';
        }
      case 'release':
        holds.shift()?.[Symbol.dispose]();
        return 'ok';
    }
  };
  try {
    const answers: string[] = [];
    for (const operation of operations) {
      answers.push(await run(operation));
      if (deferred) await world.settle();
    }
    return answers;
  } finally {
    for (const one of [...holds, ...nodes]) one[Symbol.dispose]();
  }
}
