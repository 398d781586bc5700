/** What must be undone at the end, however the end comes. */
export class UndoList {
  readonly #actions: { readonly what: string; readonly undo: () => unknown }[] = [];

  /** @param what in words, for when it fails */
  add(what: string, undo: () => unknown): void {
    this.#actions.push({ what, undo });
  }

  /**
   * Undoes everything, last made first; a failure does not keep the rest from being undone.
   *
   * @returns what could not be undone, and why
   */
  async run(): Promise<string[]> {
    const failures: string[] = [];
    for (let action = this.#actions.pop(); action !== undefined; action = this.#actions.pop()) {
      try {
        await action.undo();
      } catch (error) {
        failures.push(`${action.what}: ${error instanceof Error ? error.message.trim() : String(error)}`);
      }
    }
    return failures;
  }
}

/** Tries until it works: udev may hold a new device open for a moment. @throws the last failure */
export async function insist(action: () => unknown, limitMs = 5000): Promise<void> {
  const start = performance.now();
  for (;;) {
    try {
      await action();
      return;
    } catch (error) {
      if (performance.now() - start > limitMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
