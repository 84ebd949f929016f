import type { PodExecOptions, PodPortForwardOptions } from '../../../api/core/v1.gen.ts';
import { errors } from '../../../api/errors.ts';
import type { ConnectOptions } from '../../core.ts';
import { booleanParameter } from '../request-info.ts';

/** PodExecOptions, PodAttachOptions or PodPortForwardOptions. */
export type SessionOptions = ConnectOptions & Partial<PodExecOptions & PodPortForwardOptions>;

export type Stream = 'stdin' | 'stdout' | 'stderr' | 'tty';
const streams: readonly Stream[] = ['stdin', 'stdout', 'stderr', 'tty'];

function port(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw errors.badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** A query as the object that it stands for: that is what admission sees. */
export function sessionOptions(subresource: string, query: URLSearchParams): SessionOptions {
  if (subresource === 'portforward') {
    const ports = query.getAll('ports').flatMap((text) => text.split(','));
    return { apiVersion: 'v1', kind: 'PodPortForwardOptions', ...(ports.length > 0 && { ports: ports.map(port) }) };
  }
  const kind = subresource === 'exec' ? 'PodExecOptions' : 'PodAttachOptions';
  const asked = streams.filter((stream) => booleanParameter(query, stream));
  const container = query.get('container');
  return {
    apiVersion: 'v1',
    kind,
    ...Object.fromEntries(asked.map((stream) => [stream, true])),
    ...(container && { container }),
    ...(subresource === 'exec' && { command: query.getAll('command') }),
  };
}
