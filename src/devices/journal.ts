import { setOf } from './text.ts';

/** Something failed, and not all that had been done before could be undone. `cause` is what failed. */
export class RollbackError extends Error {
  override readonly name = 'RollbackError';
  /** What is left behind, and why. */
  readonly left: readonly string[];

  constructor(cause: unknown, left: readonly string[]) {
    super(`${messageOf(cause)}; what could not be undone: ${setOf(left)}`, { cause });
    this.left = left;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What was done, with its inverse: undone in reverse when something fails later. */
export class Journal {
  readonly #done: { readonly what: string; readonly undo: () => Promise<unknown> }[] = [];

  /** @param what is left behind when it cannot be undone, such as `the device vol` */
  record(what: string, undo: () => Promise<unknown>): void {
    this.#done.push({ what, undo });
  }

  /**
   * Undoes everything, the last first; goes on where something cannot be undone.
   *
   * @returns what to throw: `error`, or a RollbackError that says what is left
   */
  async rollBack(error: unknown): Promise<unknown> {
    const left: string[] = [];
    for (const { what, undo } of this.#done.splice(0).reverse()) {
      try {
        await twice(undo);
      } catch (failure) {
        left.push(`${what} (${messageOf(failure)})`);
      }
    }
    return left.length === 0 ? error : new RollbackError(error, left);
  }
}

/** Undoing matters more than doing: what fails once, for want of memory or by a signal, is tried once more. */
export async function twice<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch {
    return action();
  }
}
