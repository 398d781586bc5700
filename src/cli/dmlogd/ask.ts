import { askServer, type ControlRequest, controlPath } from '../../dirtylog/daemon/control.ts';

/** Lines of an answer without end, until the process is told to end. */
export async function* askOn(stateFolder: string, request: ControlRequest): AsyncGenerator<unknown> {
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    yield* askServer(controlPath(stateFolder), request, stop.signal);
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}
