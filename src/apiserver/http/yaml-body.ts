import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { errors } from '../../api/errors.ts';
import { DepthError, MAX_DEPTH, nestsDeeper, parseJson } from '../../schema/json.ts';
import { mayHaveDuplicates } from '../../schema/strict.ts';
import { type ParsedYaml, parseYaml, YamlError } from './yaml.ts';
import type { YamlAnswer } from './yaml-worker.ts';

/** Texts up to this many characters are read at once, if they do not nest: that takes less than 40 ms. */
const SMALL = 16 * 1024;
/** Brackets open at a time; each costs a parser of YAML as much as a line of text. */
const SHALLOW = 64;
/** Texts that may wait for their turn; they are read one after the other. */
const MOST_WAITING = 8;
/** No text of a size that the server takes is worth more time (ms), or more memory (MB). */
const LONGEST = 15_000;
const HEAP = 512;

/** Built, the worker is a file of its own beside the one that this module has become part of. */
const program = new URL(import.meta.url.endsWith('.ts') ? './yaml-worker.ts' : './yaml-worker.mjs', import.meta.url);

let waiting = 0;
let last: Promise<unknown> = Promise.resolve();

/**
 * The value of a body in YAML. Nearly all of them are JSON, which is YAML too and read a hundred times faster. The rest
 * is read beside the event loop unless it is short: three megabytes take a parser of YAML seconds, and a minute if
 * somebody means ill. Throws YamlError; ApiError where too many wait.
 */
export async function readYaml(text: string): Promise<unknown> {
  return (await readYamlStrictly(text)).value;
}

/** The same, and the names that a mapping has twice. */
export async function readYamlStrictly(text: string): Promise<ParsedYaml> {
  if (/^\s*[{[]/.test(text)) {
    try {
      const value = parseJson(text);
      // Those who would read it as YAML have no deeper values either.
      if (nestsDeeper(text, MAX_DEPTH)) throw new DepthError();
      if (text.length > SMALL || !mayHaveDuplicates(text, value)) return { value, repeated: [] };
    } catch (error) {
      if (error instanceof DepthError) throw tooMuch();
      // A flow collection of YAML's own.
    }
  }
  if (text.length <= SMALL && depthOf(text) <= SHALLOW) return parseYaml(text);
  if (waiting >= MOST_WAITING) throw errors.tooManyRequests('Too many requests, please try again later.', 1);
  waiting++;
  const mine = last.then(() => readBeside(text));
  last = mine.catch(() => {});
  try {
    return await mine;
  } finally {
    waiting--;
  }
}

const tooMuch = () => new YamlError('error converting YAML to JSON: yaml: exceeded max depth');

/** How many brackets are open at a time, at most; text in quotes may make it more. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]|- (?=- )|\? (?=\? )/g)) {
    if (bracket === ']' || bracket === '}') depth = Math.max(0, depth - 1);
    else if (++depth > deepest) deepest = depth;
  }
  return deepest;
}

async function readBeside(text: string): Promise<ParsedYaml> {
  const worker = new Worker(program, { workerData: text, resourceLimits: { maxOldGenerationSizeMb: HEAP } });
  try {
    const [answer]: [YamlAnswer] = (await once(worker, 'message', { signal: AbortSignal.timeout(LONGEST) })) as never;
    if ('error' in answer) throw new YamlError(answer.error);
    return { value: JSON.parse(answer.json), repeated: answer.repeated };
  } catch (error) {
    if (error instanceof YamlError) throw error;
    throw tooMuch();
  } finally {
    void worker.terminate();
  }
}
