import type { KernelSeries } from './kernel-package.ts';

/** What a client asks of the keeper, on one line of JSON. Hanging up ends the command. */
export type KeeperRequest = { readonly do: 'down' | 'status' } | RunRequest;

export interface RunRequest {
  readonly do: 'run';
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** The last frame of the keeper, JSON; stdout and stderr of the command come before it. */
export type KeeperAnswer =
  | { readonly status: number }
  | { readonly error: { readonly name: string; readonly message: string } };

/** The keeper's own arguments, as JSON on its command line. */
export interface KeeperOptions {
  readonly kernel: KernelSeries;
  readonly memoryMib: number;
}
