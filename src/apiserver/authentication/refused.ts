import type { Clock } from '../../utils/clock.ts';
import type { Logger } from '../../utils/log.ts';

/** Refusals that are logged in a second; the rest is somebody's flood. */
const MOST = 10;

/** Logs why credentials were refused, which their owner is not told. */
export function logRefusals(log: Logger, clock: Pick<Clock, 'now'>): (why: string) => void {
  let second = 0;
  let count = 0;
  return (why) => {
    const now = Math.floor(clock.now() / 1000);
    if (now !== second) {
      second = now;
      count = 0;
    }
    if (++count <= MOST) log.warn({ error: why }, 'Unable to authenticate the request');
  };
}
