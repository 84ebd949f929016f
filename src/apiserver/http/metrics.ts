import type { Request } from './request.ts';

/** Upper bounds in seconds, kube-apiserver's. */
const buckets = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];
const longRunning: ReadonlySet<string> = new Set(['watch', 'proxy', 'connect']);
const readOnly: ReadonlySet<string> = new Set(['get', 'list', 'watch', 'options', 'head']);

/** Distinct label sets kept; names in them come from the server's own tables, but verbs and codes multiply. */
const MOST_SERIES = 10_000;

class Series {
  count = 0;
  sum = 0;
  readonly inBucket = new Uint32Array(buckets.length);
}

/**
 * The API server's request metrics under Kubernetes' names. They are on the way of every request, hence counters in
 * plain maps, rendered when somebody scrapes.
 */
export class RequestMetrics {
  readonly #requests = new Map<string, number>();
  readonly #durations = new Map<string, Series>();
  readonly #longRunning = new Map<string, number>();
  #readOnly = 0;
  #mutating = 0;

  /** Counts a request in; the function it returns counts it out. */
  start(request: Request): (status: number) => void {
    const began = performance.now();
    const { info } = request;
    const long = longRunning.has(info.verb);
    const reads = readOnly.has(info.verb);
    const labels = labelsOf(request);
    if (long) this.#longRunning.set(labels, (this.#longRunning.get(labels) ?? 0) + 1);
    else if (reads) this.#readOnly++;
    else this.#mutating++;
    return (status) => {
      if (long) this.#longRunning.set(labels, (this.#longRunning.get(labels) ?? 1) - 1);
      else if (reads) this.#readOnly--;
      else this.#mutating--;
      const counted = `${labels},code="${status}"`;
      const before = this.#requests.get(counted);
      if (before !== undefined || this.#requests.size < MOST_SERIES) this.#requests.set(counted, (before ?? 0) + 1);
      if (long) return;
      let series = this.#durations.get(labels);
      if (!series) {
        if (this.#durations.size >= MOST_SERIES) return;
        series = new Series();
        this.#durations.set(labels, series);
      }
      const seconds = (performance.now() - began) / 1000;
      series.count++;
      series.sum += seconds;
      let i = 0;
      while (i < buckets.length && seconds > (buckets[i] ?? 0)) i++;
      if (i < buckets.length) series.inBucket[i] = (series.inBucket[i] ?? 0) + 1;
    };
  }

  /** Prometheus' text format. */
  render(): string {
    const lines = [
      '# HELP apiserver_request_total Counter of apiserver requests broken out for each verb, group, version, resource, scope, component, and HTTP response code.',
      '# TYPE apiserver_request_total counter',
    ];
    for (const [labels, count] of this.#requests) lines.push(`apiserver_request_total{${labels}} ${count}`);
    lines.push(
      '# HELP apiserver_request_duration_seconds Response latency distribution in seconds for each verb, group, version, resource, subresource, scope and component.',
      '# TYPE apiserver_request_duration_seconds histogram',
    );
    for (const [labels, series] of this.#durations) {
      let cumulative = 0;
      buckets.forEach((bound, i) => {
        cumulative += series.inBucket[i] ?? 0;
        lines.push(`apiserver_request_duration_seconds_bucket{${labels},le="${bound}"} ${cumulative}`);
      });
      lines.push(
        `apiserver_request_duration_seconds_bucket{${labels},le="+Inf"} ${series.count}`,
        `apiserver_request_duration_seconds_sum{${labels}} ${series.sum}`,
        `apiserver_request_duration_seconds_count{${labels}} ${series.count}`,
      );
    }
    lines.push(
      '# HELP apiserver_longrunning_requests Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component. Not all requests are tracked this way.',
      '# TYPE apiserver_longrunning_requests gauge',
    );
    for (const [labels, count] of this.#longRunning) lines.push(`apiserver_longrunning_requests{${labels}} ${count}`);
    lines.push(
      '# HELP apiserver_current_inflight_requests Maximal number of currently used inflight request limit of this apiserver per request kind in last second.',
      '# TYPE apiserver_current_inflight_requests gauge',
      `apiserver_current_inflight_requests{request_kind="mutating"} ${this.#mutating}`,
      `apiserver_current_inflight_requests{request_kind="readOnly"} ${this.#readOnly}`,
    );
    return `${lines.join('\n')}\n`;
  }
}

/** Verbs of resources, and methods on other paths. */
const verbNames: ReadonlyMap<string, string> = new Map([
  ['get', 'GET'],
  ['list', 'LIST'],
  ['watch', 'WATCH'],
  ['create', 'POST'],
  ['update', 'PUT'],
  ['patch', 'PATCH'],
  ['delete', 'DELETE'],
  ['deletecollection', 'DELETECOLLECTION'],
  ['proxy', 'CONNECT'],
  ['connect', 'CONNECT'],
  ['post', 'POST'],
  ['put', 'PUT'],
  ['head', 'HEAD'],
  ['options', 'OPTIONS'],
]);

/** Only words of the server's own become labels: a client that makes up resources must not grow the metrics. */
function labelsOf({ info, known }: Request): string {
  const verb = verbNames.get(info.verb) ?? 'other';
  if (!known) return `verb="${verb}",group="",version="",resource="",subresource="",scope="",component="apiserver"`;
  const scope = info.name !== '' ? 'resource' : info.namespace !== '' ? 'namespace' : 'cluster';
  return `verb="${verb}",group="${info.group}",version="${info.version}",resource="${info.resource}",subresource="${info.subresource}",scope="${scope}",component="apiserver"`;
}
