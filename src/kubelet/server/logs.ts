import type { ContainerStatus, Pod } from '../../api/core/v1.gen.ts';
import { quote } from '../../schema/quote.ts';
import type { Clock } from '../../utils/clock.ts';
import { containerSpec } from '../pods/pod.ts';
import { HttpError } from './http-error.ts';
import { type LogOptions, type LogSource, logTime } from './log-reader.ts';
import type { ServerBackend } from './types.ts';

/** Where a container's log is, and how to read it. */
export interface FoundLog {
  readonly path: string;
  readonly options: LogOptions;
  readonly source: LogSource;
}

/** Finds the log that a request means. Throws HttpError in the kubelet's words. */
export function findLog(
  backend: ServerBackend,
  clock: Clock,
  [namespace = '', podName = '', container = '']: readonly string[],
  query: URLSearchParams,
): FoundLog {
  if (!namespace) throw new HttpError(400, '{"message": "Missing podNamespace."}');
  if (!podName) throw new HttpError(400, '{"message": "Missing podID."}');
  if (!container) throw new HttpError(400, '{"message": "Missing container name."}');
  const options = parseOptions(query, clock);
  const pod = backend.pod(namespace, podName);
  if (!pod) throw new HttpError(404, `pod ${quote(podName)} does not exist\n`);
  if (!containerSpec(pod, container)) {
    throw new HttpError(404, `container ${quote(container)} not found in pod ${quote(podName)}\n`);
  }
  const id = containerWithLog(pod, container, query.get('previous') === 'true');
  const found = [backend.container(pod, container), backend.container(pod, container, true)].find((c) => c?.id === id);
  if (!found) throw new HttpError(400, `unable to retrieve container logs for containerd://${id}`);
  const isRunning = () => {
    const current = backend.container(pod, container);
    return current?.id === found.id && current.state === 'CONTAINER_RUNNING';
  };
  const source: LogSource = { isRunning, onChange: (changed) => backend.onPodChange(pod.metadata.uid ?? '', changed) };
  return { path: found.logPath, options, source };
}

/** The id of the container whose log is meant: the running one's, or that of the one that ran last. */
function containerWithLog(pod: Pod, container: string, previous: boolean): string {
  const { status = {}, metadata } = pod;
  const where = `container ${quote(container)} in pod ${quote(metadata.name)}`;
  const found: ContainerStatus | undefined = [
    ...(status.containerStatuses ?? []),
    ...(status.initContainerStatuses ?? []),
    ...(status.ephemeralContainerStatuses ?? []),
  ].find((s) => s.name === container);
  if (!found) throw new HttpError(400, `${where} is not available`);
  const { state, lastState } = found;
  const last = bareId(lastState.terminated?.containerID);
  if (previous) {
    if (!last) throw new HttpError(400, `previous terminated ${where} not found`);
    return last;
  }
  if (state.running) return bareId(found.containerID);
  if (state.terminated) {
    const id = bareId(state.terminated.containerID) || last;
    if (!id) throw new HttpError(400, `${where} is terminated`);
    return id;
  }
  if (last) return last;
  if (!state.waiting) throw new HttpError(400, `${where} is waiting to start - no logs yet`);
  const reasons: Readonly<Record<string, string>> = {
    ErrImagePull: "image can't be pulled",
    ImagePullBackOff: 'trying and failing to pull image',
  };
  const reason = state.waiting.reason ?? '';
  throw new HttpError(400, `${where} is waiting to start: ${reasons[reason] ?? reason}`);
}

const bareId = (id: string | undefined): string => id?.replace(/^.*:\/\//, '') ?? '';

function parseOptions(query: URLSearchParams, clock: Clock): LogOptions {
  const flag = (name: string) => ['true', '1'].includes(query.get(name) ?? '');
  const number = (name: string, least: number): number | undefined => {
    const text = query.get(name);
    if (text === null || text === '') return undefined;
    if (!/^-?\d{1,15}$/.test(text)) throw new HttpError(400, '{"message": "Unable to decode query."}');
    // kubectl says -1 for all lines.
    if (name === 'tailLines' && Number(text) < 0) return undefined;
    if (Number(text) < least) throw new HttpError(422, '{"message": "Invalid request."}');
    return Number(text);
  };
  const sinceSeconds = number('sinceSeconds', 1);
  const sinceTime = query.get('sinceTime');
  if (sinceTime && !Number.isFinite(Date.parse(sinceTime))) {
    throw new HttpError(400, '{"message": "Unable to decode query."}');
  }
  const since =
    sinceSeconds !== undefined
      ? new Date(clock.now() - sinceSeconds * 1000).toISOString()
      : sinceTime
        ? sinceTime
        : undefined;
  const streams: Readonly<Record<string, LogOptions['stream']>> = { Stdout: 'stdout', Stderr: 'stderr' };
  return {
    follow: flag('follow'),
    timestamps: flag('timestamps'),
    tailLines: number('tailLines', 0),
    since: since && logTime(since),
    limitBytes: number('limitBytes', 1),
    stream: streams[query.get('stream') ?? ''],
  };
}
