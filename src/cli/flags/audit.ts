import type { Command } from 'commander';
import { parseMilliseconds, UsageError } from '../usage-error.ts';
import { booleanOption } from './values.ts';

/** kube-apiserver's flags about auditing: AuditFlags of the API server, which checks their values. */
export function addAuditFlags(command: Command): Command {
  command
    .optionsGroup('Audit:')
    .option('--audit-policy-file <file>', 'which requests are recorded, and how much of them (none)')
    .option('--audit-log-path <file>', 'where events are written, a line each; - is standard output')
    .option('--audit-log-format <format>', 'json or legacy (json)')
    .option('--audit-log-version <version>', 'audit.k8s.io/v1')
    .option('--audit-log-maxage <days>', 'how long older files are kept; 0: for ever (366)', parseWhole)
    .option('--audit-log-maxbackup <number>', 'how many older files are kept; 0: all (100)', parseWhole)
    .option('--audit-log-maxsize <megabytes>', 'size at which another file is begun; 0: none (100)', parseWhole)
    .addOption(booleanOption('audit-log-compress', 'whether older files are packed by gzip (false)'))
    .option('--audit-webhook-config-file <file>', 'kubeconfig of a webhook that is sent the events')
    .option('--audit-webhook-version <version>', 'audit.k8s.io/v1')
    .option(
      '--audit-webhook-initial-backoff <duration>',
      'before a failed call is tried again (10s)',
      parseMilliseconds,
    );
  backendFlags(command, 'log', { mode: 'blocking', size: 1, wait: '0s', throttle: 'false', qps: 0, burst: 0 });
  backendFlags(command, 'webhook', { mode: 'batch', size: 400, wait: '30s', throttle: 'true', qps: 10, burst: 15 });
  return command;
}

interface Defaults {
  readonly mode: string;
  readonly size: number;
  readonly wait: string;
  readonly throttle: string;
  readonly qps: number;
  readonly burst: number;
}

function backendFlags(command: Command, name: string, { mode, size, wait, throttle, qps, burst }: Defaults): void {
  const flag = `audit-${name}`;
  command
    .option(`--${flag}-mode <mode>`, `batch, blocking or blocking-strict (${mode})`)
    .option(`--${flag}-batch-buffer-size <number>`, 'events that may wait (10000)', parseWhole)
    .option(`--${flag}-batch-max-size <number>`, `events in a batch (${size})`, parseWhole)
    .option(`--${flag}-batch-max-wait <duration>`, `how long an event waits for others (${wait})`, parseMilliseconds)
    .addOption(booleanOption(`${flag}-batch-throttle-enable`, `whether batches are throttled (${throttle})`))
    .option(`--${flag}-batch-throttle-qps <number>`, `batches a second (${qps})`, Number)
    .option(`--${flag}-batch-throttle-burst <number>`, `batches at a time (${burst})`, parseWhole)
    .addOption(booleanOption(`${flag}-truncate-enabled`, 'whether long events are cut (false)'))
    .option(`--${flag}-truncate-max-event-size <bytes>`, 'of one event (102400)', parseWhole)
    .option(`--${flag}-truncate-max-batch-size <bytes>`, 'of one batch (10485760)', parseWhole);
}

/** Whether it makes sense is told by who reads the flags, in kube-apiserver's words. */
function parseWhole(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new UsageError(`"${text}" is not a whole number.`);
  return Number(text);
}
