/** The credentials that `skiff server` makes for the node on its own machine, as their files have them now. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type WatchedFile, watchFile } from '../apiserver/config-file/watch.ts';
import type { ClientConfig } from '../client/http/config.ts';
import { loadKubeconfig } from '../client/http/kubeconfig.ts';
import type { Clock } from '../utils/clock.ts';
import type { Logger } from '../utils/log.ts';
import type { KubeletTls, ServingIdentity } from './join.ts';
import { matches } from './key-pairs.ts';
import type { ClusterPaths } from './paths.ts';

interface WatchOptions {
  readonly clock: Clock;
  readonly log: Logger;
}

export interface WatchedConfig {
  /** Its certificates change with the file; where the server is does not. */
  readonly config: ClientConfig;
  stop(): void;
}

/** Reads a kubeconfig, and reads it again when it changes. What cannot be read is logged, and what was stays in force. */
export function watchKubeconfig(file: string, { clock, log }: WatchOptions): WatchedConfig {
  let current = loadKubeconfig(file);
  const onError = (error: unknown) => log.error({ err: error, file }, 'a kubeconfig cannot be read');
  const watched = watchFile(file, {
    clock,
    onError,
    onChange: () => {
      current = loadKubeconfig(file);
      log.info({ file }, 'the credentials were renewed');
    },
  });
  const config: ClientConfig = {
    ...current,
    get ca() {
      return current.ca;
    },
    get cert() {
      return current.cert;
    },
    get key() {
      return current.key;
    },
    ...(typeof current.token === 'string' && { token: () => (typeof current.token === 'string' ? current.token : '') }),
  };
  return { config, stop: () => watched.stop() };
}

/** With what the node serves logs and streams; undefined where nobody has made it for a node of this name. */
export function watchServing(
  paths: ClusterPaths,
  nodeName: string,
  { clock, log }: WatchOptions,
): (ServingIdentity & { stop(): void }) | undefined {
  const file = (name: string) => join(paths.certificates, name);
  const [cert, key, ca] = [file(`node-${nodeName}-serving.crt`), file(`node-${nodeName}-serving.key`), file('ca.crt')];
  if (![cert, key, ca].every((name) => existsSync(name))) return undefined;
  const read = (): KubeletTls => {
    const previous = file('ca-previous.crt');
    const text = (name: string) => readFileSync(name, 'utf8');
    return {
      cert: `${text(cert)}${existsSync(file('ca-cross.crt')) ? text(file('ca-cross.crt')) : ''}`,
      key: text(key),
      clientCa: `${text(ca)}${existsSync(previous) ? text(previous) : ''}`,
    };
  };
  let current = read();
  const listeners: ((tls: KubeletTls) => void)[] = [];
  const onError = (error: unknown) => log.error({ err: error }, "the node's serving certificate cannot be read");
  const look = () => {
    const found = read();
    // A key is written before its certificate.
    if (!matches(found)) return;
    current = found;
    for (const listener of listeners) listener(current);
  };
  const watched: WatchedFile[] = [cert, ca].map((path) => watchFile(path, { clock, onError, onChange: look }));
  return {
    current: () => current,
    onChange: (listener) => listeners.push(listener),
    stop: () => {
      for (const one of watched) one.stop();
    },
  };
}
