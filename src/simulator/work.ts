import { SimulatorError } from './errors.ts';

/** Something to wait for: calls back once when it may have come. */
export type Wait = (wake: () => void) => void;

/** A piece of work of the kernel that may wait; what it yields is what it waits for. */
export type Work<T = void> = Generator<Wait, T, void>;

/** Runs work that must not wait. @throws SimulatorError when it would */
export function runNow<T>(work: Work<T>, what: string): T {
  const step = work.next();
  if (step.done) return step.value;
  // Lets the work undo what it began, as if it had never been asked for.
  work.return(undefined as T);
  throw new SimulatorError(
    `"${what}" waits for I/O in flight or for an event, and a synchronous call would block the test for ever: ` +
      'let that happen first, or use the asynchronous call',
  );
}
