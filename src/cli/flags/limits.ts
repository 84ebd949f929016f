import type { Command } from 'commander';
import { parseCount, parseMilliseconds, parseWait, UsageError } from '../usage-error.ts';
import { booleanOption } from './values.ts';

/** kube-apiserver's flags about how much is served at a time: LimitFlags of the API server. */
export function addLimitFlags(command: Command): Command {
  return command
    .optionsGroup('Fairness and limits:')
    .addOption(
      booleanOption(
        'enable-priority-and-fairness',
        'whether flow schemas and priority levels say who is served first (true)',
      ),
    )
    .option(
      '--max-requests-inflight <number>',
      'seats, with the next; without fairness: readers at a time (400)',
      parseCount,
    )
    .option('--max-mutating-requests-inflight <number>', 'the same of writers (200)', parseCount)
    .option('--request-timeout <duration>', 'how long a request may take (1m0s)', parseMilliseconds)
    .option(
      '--goaway-chance <fraction>',
      'part of the requests after which a client is asked to connect anew (0)',
      parseFraction,
    )
    .option('--http2-max-streams-per-connection <number>', 'requests at a time on one connection (250)', parseCount)
    .option(
      '--shutdown-delay-duration <duration>',
      'how long a server that is to stop serves as before (0s)',
      parseWait,
    )
    .addOption(
      booleanOption(
        'shutdown-send-retry-after',
        'whether who comes while the last requests are finished is told to come again (false)',
      ),
    )
    .option(
      '--shutdown-watch-termination-grace-period <duration>',
      'over how long the watches of a server that stops are ended (0s)',
      parseWait,
    );
}

function parseFraction(text: string): number {
  const fraction = Number(text);
  if (text.trim() === '' || Number.isNaN(fraction)) throw new UsageError(`"${text}" is not a number.`);
  return fraction;
}
