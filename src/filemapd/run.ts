import { FilemapDaemon } from './daemon.ts';
import { initialState, type MonitorEffect, type MonitorEvent, step } from './monitor.ts';
import type { FilemapdRun } from './run-options.ts';

/**
 * Follows a file until its group is deleted, the file is gone (as its mode says) or the signal fires.
 *
 * @returns the exit status, 0 or 1, and why it ended
 */
export async function runFilemapd(run: FilemapdRun): Promise<{ readonly status: 0 | 1; readonly message: string }> {
  await using daemon = new FilemapDaemon(run);
  let state = initialState(run);
  let event: MonitorEvent = { type: 'looked', look: await daemon.look(run.mode) };
  for (;;) {
    const next = step(state, run.signal.aborted ? { type: 'stopped' } : event, run.clock.now());
    state = next.state;
    const effect: MonitorEffect = next.effect;
    switch (effect.type) {
      case 'exit':
        await daemon.release();
        return effect;
      case 'update':
        event = await daemon.update(effect.tidy);
        break;
      case 'glance':
        event = await daemon.glance();
        break;
      case 'checkGroup':
        event = await daemon.checkGroup();
        break;
      case 'reopen':
        event = await daemon.reopen();
        break;
      case 'watchCloses':
        daemon.watchCloses();
        event = { type: 'looked', look: await daemon.look(run.mode) };
        break;
      case 'wait':
        run.log(3, `Waiting up to ${Math.round(effect.ms)} ms`);
        await daemon.notices.wait(effect.ms, effect.deaf);
        // Thousands that are told to stop at once need no look.
        event = run.signal.aborted ? { type: 'stopped' } : { type: 'looked', look: await daemon.look(run.mode) };
        break;
    }
  }
}
