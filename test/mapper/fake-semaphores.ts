import { SystemError } from '../../src/system/errors.ts';
import type { Semaphores } from '../../src/system/semaphore.ts';

/** Semaphores in memory, with the kernel's rules: numbers are not used twice, values do not fall below 0. */
export class FakeSemaphores implements Semaphores {
  readonly #byId = new Map<number, { readonly key: number; value: number }>();
  #nextId = 0;

  create(key: number, value: number): number {
    if (this.find(key) !== undefined) throw new SystemError('semget', 17);
    const id = this.#nextId++;
    this.#byId.set(id, { key, value });
    return id;
  }
  find(key: number): number | undefined {
    return [...this.#byId].find(([, one]) => one.key === key)?.[0];
  }
  value(id: number): number | undefined {
    return this.#byId.get(id)?.value;
  }
  add(id: number, amount: number): boolean {
    const one = this.#byId.get(id);
    if (one === undefined) return false;
    if (one.value + amount < 0) throw new SystemError('semop', 11);
    one.value += amount;
    return true;
  }
  remove(id: number): boolean {
    return this.#byId.delete(id);
  }
  /** As ipc/sem.c prints it: key, id, mode, count, four owners, two times. */
  table(): string {
    const rows = [...this.#byId].map(([id, { key }]) => ` ${key} ${id} 600 1 0 0 0 0 0 1000`);
    return `key semid perms nsems uid gid cuid cgid otime ctime\n${rows.join('\n')}\n`;
  }
  get count(): number {
    return this.#byId.size;
  }
}
