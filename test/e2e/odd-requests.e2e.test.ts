import { expect, it } from 'vitest';
import { fuzz } from '../fuzz/fuzz.ts';

/** With 2,000 requests; a server that has nothing to do takes about half. */
const enoughMegabytes = 600;

// The same requests every time; `npm run fuzz` looks further.
it('a server answers whatever it is asked, and keeps what it has', async () => {
  const { findings, statuses, megabytes } = await fuzz({ seed: 1, requests: 2000 });
  expect(findings).toEqual([]);
  // A fuzzer whose every request is refused at the door would test the door only.
  expect((statuses[200] ?? 0) + (statuses[201] ?? 0)).toBeGreaterThan(100);
  expect(megabytes).toBeLessThan(enoughMegabytes);
});
