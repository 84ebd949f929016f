// npm run fuzz [-- REQUESTS [SEED]]: odd requests, 100,000 by default, against a server of its own. Exits 1 when anything
// happened that should not have.
import { fuzz } from './fuzz.ts';

const requests = Number(process.argv[2] ?? 100_000);
const seed = Number(process.argv[3] ?? Math.floor(Math.random() * 2 ** 32));
if (!Number.isSafeInteger(requests) || !Number.isSafeInteger(seed)) {
  console.error('usage: npm run fuzz [-- REQUESTS [SEED]]');
  process.exit(2);
}
console.log(`seed ${seed}`);
const report = await fuzz({ seed, requests, say: console.log });
console.log(
  `\n${JSON.stringify(report.statuses)}, slowest ${Math.round(report.slowestMs)} ms, ${report.megabytes} MB at the end`,
);
console.log(`seed ${seed}: ${report.findings.length} findings`);
process.exit(report.findings.length ? 1 : 0);
