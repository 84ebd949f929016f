import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where Debian, Fedora and others put system programs that a user's PATH may lack. */
const SYSTEM_PATHS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** PATH and the system's own places, as a PATH. */
export const searchPath = (): string => [process.env.PATH, ...SYSTEM_PATHS].filter(Boolean).join(delimiter);

/** The path of an installed program; undefined where there is none of that name. */
export function findProgram(name: string): string | undefined {
  for (const dir of searchPath().split(delimiter)) {
    if (!dir) continue;
    const path = join(dir, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not there; the next directory may have it.
    }
  }
  return undefined;
}
