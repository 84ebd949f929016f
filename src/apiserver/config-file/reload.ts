import type { Clock } from '../../utils/clock.ts';
import type { Logger } from '../../utils/log.ts';
import { labelText, type Registry } from '../../utils/metrics.ts';
import { configHash } from './read.ts';
import { type WatchedFile, watchFile } from './watch.ts';

export interface ReloadOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** What the file is to people and metrics: apiserver_{what}_config_controller_automatic_reloads_total. */
  readonly what: 'authentication' | 'authorization' | 'encryption';
  readonly registry?: Registry;
  /** The text that is in force. */
  readonly text: string;
  /** Puts another text in force; where it throws, or rejects, the one before stays. Never run twice at a time. */
  apply(text: string): void | Promise<void>;
}

/** kube-apiserver tells several servers apart by this; one server's numbers need no name. */
const id = 'apiserver_id_hash';

/**
 * Keeps a configuration file in force while the server runs: a change is applied, a bad one is logged and counted and
 * changes nothing. Metrics carry Kubernetes' names. https://kubernetes.io/docs/reference/access-authn-authz/authentication/#using-authentication-configuration
 */
export function reloadConfig(path: string, options: ReloadOptions): WatchedFile {
  const { clock, log, what, registry } = options;
  const prefix = `apiserver_${what}_config_controller`;
  const total = registry?.counter(`${prefix}_automatic_reloads_total`, `[BETA] Reloads of the ${what} configuration.`);
  const last = registry?.gauge(
    `${prefix}_automatic_reload_last_timestamp_seconds`,
    `[BETA] When the ${what} configuration was last reloaded, or could not be.`,
  );
  const info = registry?.gauge(
    `${prefix}_last_config_info`,
    `[ALPHA] The ${what} configuration in force, by its hash.`,
  );
  const inForce = (text: string) => {
    info?.clear();
    info?.set(labelText({ [id]: '', hash: configHash(text) }), 1);
  };
  const count = (status: 'success' | 'failure') => {
    total?.add(labelText({ [id]: '', status }));
    last?.set(labelText({ [id]: '', status }), clock.now() / 1000);
  };
  const failed = (error: unknown) => {
    count('failure');
    const why = error instanceof Error ? error.message : String(error);
    log.error({ file: path, error: why }, `the ${what} configuration was not reloaded, the one before stays in force`);
  };
  inForce(options.text);
  let turn: Promise<void> = Promise.resolve();
  let next: string | undefined;
  const apply = async () => {
    const text = next;
    if (text === undefined) return;
    next = undefined;
    try {
      await options.apply(text);
      inForce(text);
      count('success');
      log.info({ file: path }, `reloaded the ${what} configuration`);
    } catch (error) {
      failed(error);
    }
  };
  return watchFile(path, {
    clock,
    text: options.text,
    onChange(text) {
      next = text;
      turn = turn.then(apply);
    },
    onError: failed,
  });
}
