/** A kernel's version, such as `6.12`. */
export type KernelVersion = `${number}.${number}`;

/** Whether a kernel is at least that new. */
export function atLeast(kernel: KernelVersion, since: KernelVersion): boolean {
  const [major = 0, minor = 0] = kernel.split('.').map(Number);
  const [sinceMajor = 0, sinceMinor = 0] = since.split('.').map(Number);
  return major === sinceMajor ? minor >= sinceMinor : major > sinceMajor;
}

/** A fact that changed with a kernel. */
export interface Changed<T> {
  readonly before: T;
  readonly since: KernelVersion;
  readonly now: T;
}

/** The fact as it is for a kernel; an unknown kernel is a new one. */
export function onKernel<T extends number | boolean | string>(
  fact: T | Changed<T>,
  kernel: KernelVersion | undefined,
): T {
  if (typeof fact !== 'object') return fact;
  return kernel === undefined || atLeast(kernel, fact.since) ? fact.now : fact.before;
}
