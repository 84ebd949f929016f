import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const FILE = 'sysctls.json';

/**
 * Kernel settings that Skiff changes and gives back. What they were is kept in a file, so that a crashed agent's
 * changes are undone too.
 */
export class Sysctls {
  readonly #stateDir: string;
  readonly #root: string;

  /** `root` is other than /proc/sys in tests only. */
  constructor(stateDir: string, root = '/proc/sys') {
    this.#stateDir = stateDir;
    this.#root = root;
  }

  /** `settings`: name, with slashes ("net/ipv4/ip_forward"), to value. */
  async set(settings: Readonly<Record<string, string>>): Promise<void> {
    const before = await this.#saved();
    const changes: [string, string][] = [];
    for (const [name, value] of Object.entries(settings)) {
      const current = (await readFile(join(this.#root, name), 'utf8')).trim();
      if (current === value) continue;
      if (!before.has(name)) before.set(name, current);
      changes.push([name, value]);
    }
    if (changes.length === 0) return;
    await mkdir(this.#stateDir, { recursive: true, mode: 0o700 });
    const temporary = join(this.#stateDir, `${FILE}.new`);
    await writeFile(temporary, JSON.stringify(Object.fromEntries(before)), { mode: 0o600 });
    await rename(temporary, join(this.#stateDir, FILE));
    for (const [name, value] of changes) await writeFile(join(this.#root, name), value);
  }

  /** Puts back what was there before the first `set`. */
  async restore(): Promise<void> {
    for (const [name, value] of await this.#saved()) await writeFile(join(this.#root, name), value);
    await rm(join(this.#stateDir, FILE), { force: true });
  }

  async #saved(): Promise<Map<string, string>> {
    let text: string;
    try {
      text = await readFile(join(this.#stateDir, FILE), 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Map();
      throw error;
    }
    const saved = new Map<string, string>();
    for (const [name, value] of Object.entries(JSON.parse(text) as object)) {
      // The file is our own, but it decides what is written below /proc/sys.
      if (/^net(\/[\w-]+)+$/.test(name) && typeof value === 'string') saved.set(name, value);
    }
    return saved;
  }
}
