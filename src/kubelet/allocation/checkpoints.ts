import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ResourceRequirements } from '../../api/core/v1.gen.ts';
import type { Logger } from '../../utils/log.ts';
import type { Allocation } from './allocation.ts';
import { type Amounts, noAmounts } from './amounts.ts';

/** What has been set of a pod's containers in the runtime, and of the pod as a whole in its control group. */
export interface Actuated {
  readonly containers: ReadonlyMap<string, Amounts>;
  readonly pod: Amounts | undefined;
}

export interface Checkpoint {
  readonly allocated: Allocation;
  readonly actuated: Actuated;
}

/**
 * What pods have been granted, and what of that has been done, in a file in each pod's directory: an agent that starts
 * again goes on where the one before stopped. Written before anything of it is done, hence without waiting.
 */
export class Checkpoints {
  readonly #podsDir: string;
  readonly #log: Logger;

  /** `<podsDir>/<uid>/resources.json` */
  constructor(podsDir: string, log: Logger) {
    this.#podsDir = podsDir;
    this.#log = log;
  }

  async load(): Promise<Map<string, Checkpoint>> {
    const found = new Map<string, Checkpoint>();
    for (const uid of await readdir(this.#podsDir).catch(() => [])) {
      const text = await readFile(this.#file(uid), 'utf8').catch(() => undefined);
      if (text === undefined) continue;
      try {
        found.set(uid, decode(JSON.parse(text)));
      } catch (error) {
        this.#log.warn({ err: error, uid }, 'cannot read what a pod has been granted');
      }
    }
    return found;
  }

  write(uid: string, { allocated, actuated }: Checkpoint): void {
    const body = {
      allocated: { containers: Object.fromEntries(allocated.containers), pod: allocated.pod },
      actuated: { containers: Object.fromEntries(actuated.containers), pod: actuated.pod },
    };
    const file = this.#file(uid);
    try {
      mkdirSync(join(this.#podsDir, uid), { recursive: true, mode: 0o750 });
      writeFileSync(`${file}.new`, JSON.stringify(body), { mode: 0o600 });
      renameSync(`${file}.new`, file);
    } catch (error) {
      this.#log.warn({ err: error, uid }, 'cannot write down what a pod has been granted');
    }
  }

  remove(uid: string): void {
    rmSync(this.#file(uid), { force: true });
  }

  #file(uid: string): string {
    return join(this.#podsDir, uid, 'resources.json');
  }
}

function decode(value: unknown): Checkpoint {
  const { allocated, actuated } = record(value);
  const granted = record(allocated);
  const done = record(actuated);
  return {
    allocated: {
      containers: mapOf(granted.containers, requirements),
      pod: granted.pod === undefined ? undefined : requirements(granted.pod),
    },
    actuated: {
      containers: mapOf(done.containers, amounts),
      pod: done.pod === undefined ? undefined : amounts(done.pod),
    },
  };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('not an object');
  return value as Readonly<Record<string, unknown>>; // just looked at
}

const mapOf = <T>(value: unknown, read: (value: unknown) => T): Map<string, T> =>
  new Map(Object.entries(record(value)).map(([name, entry]) => [name, read(entry)]));

function requirements(value: unknown): ResourceRequirements {
  const { requests, limits } = record(value);
  return {
    ...(limits !== undefined && { limits: Object.fromEntries(mapOf(limits, String)) }),
    ...(requests !== undefined && { requests: Object.fromEntries(mapOf(requests, String)) }),
  };
}

function amounts(value: unknown): Amounts {
  const read = record(value);
  const of = (name: keyof Amounts): number => {
    const amount = Number(read[name] ?? noAmounts[name]);
    if (!Number.isSafeInteger(amount) || amount < 0) throw new Error(`${name} is no amount`);
    return amount;
  };
  return {
    cpuRequest: of('cpuRequest'),
    cpuLimit: of('cpuLimit'),
    memoryRequest: of('memoryRequest'),
    memoryLimit: of('memoryLimit'),
  };
}
