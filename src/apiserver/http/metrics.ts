import { Distribution, header, sample, Values } from '../../utils/metrics.ts';
import type { Request } from './request.ts';

/** Upper bounds in seconds, kube-apiserver's. */
const bounds = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];
/** The service level is not told apart below this. */
const SLI_FROM = 0.05;
const longRunning: ReadonlySet<string> = new Set(['watch', 'proxy', 'connect']);
const readOnly: ReadonlySet<string> = new Set(['get', 'list', 'watch', 'options', 'head']);

/** Distinct label sets kept; names in them come from the server's own tables, but verbs and codes multiply. */
const MOST_SERIES = 10_000;

/** All that is counted of requests that have the same labels but for their codes. */
class Series {
  readonly byCode = new Map<number, number>();
  readonly seconds = new Distribution(bounds);
}

interface RequestLabels {
  /** "" where the request was no dry run. */
  readonly dryRun: string;
  readonly component: string;
  /** All labels from `group` on, which come after `dry_run`. */
  readonly rest: string;
}

/**
 * The API server's request metrics under Kubernetes' names, labels and their order. They are on the way of every
 * request, hence counters in plain maps, rendered when somebody scrapes.
 */
export class RequestMetrics {
  readonly #series = new Map<string, { readonly labels: RequestLabels; readonly series: Series }>();
  readonly #longRunning = new Values(
    'gauge',
    'apiserver_longrunning_requests',
    '[STABLE] Requests under way that may last, such as watches.',
  );
  #readOnly = 0;
  #mutating = 0;

  /** Counts a request in; the function it returns counts it out. */
  start(request: Request): (status: number) => void {
    const began = performance.now();
    const { info } = request;
    const long = longRunning.has(info.verb);
    const reads = readOnly.has(info.verb);
    const labels = labelsOf(request);
    const running = long ? `component="${labels.component}",${labels.rest}` : '';
    if (long) this.#longRunning.add(running);
    else if (reads) this.#readOnly++;
    else this.#mutating++;
    return (status) => {
      if (long) this.#longRunning.add(running, -1);
      else if (reads) this.#readOnly--;
      else this.#mutating--;
      const series = this.#seriesOf(labels);
      if (!series) return;
      series.byCode.set(status, (series.byCode.get(status) ?? 0) + 1);
      if (!long) series.seconds.observe((performance.now() - began) / 1000);
    };
  }

  #seriesOf(labels: RequestLabels): Series | undefined {
    const key = labels.dryRun === '' ? labels.rest : labels.dryRun + labels.rest;
    const found = this.#series.get(key);
    if (found) return found.series;
    if (this.#series.size >= MOST_SERIES) return undefined;
    const series = new Series();
    this.#series.set(key, { labels, series });
    return series;
  }

  /** Prometheus' text format. */
  render(): string {
    const lines: string[] = [];
    const all = [...this.#series.values()];
    header(
      lines,
      'apiserver_request_total',
      'counter',
      '[STABLE] Requests answered, by what they were for and the code.',
    );
    for (const { labels, series } of all) {
      for (const [code, count] of series.byCode)
        lines.push(sample('apiserver_request_total', `code="${code}",${full(labels)}`, count));
    }
    const measured = all.filter(({ series }) => series.seconds.count > 0);
    const seconds = 'apiserver_request_duration_seconds';
    header(
      lines,
      seconds,
      'histogram',
      '[STABLE] Seconds until requests were answered; long-running ones are left out.',
    );
    for (const { labels, series } of measured) series.seconds.render(lines, seconds, full(labels));
    const sli = 'apiserver_request_sli_duration_seconds';
    header(lines, sli, 'histogram', '[ALPHA] Seconds until requests were answered, for judging the level of service.');
    for (const { labels, series } of measured) {
      if (labels.dryRun === '')
        series.seconds.render(lines, sli, `component="${labels.component}",${labels.rest}`, SLI_FROM);
    }
    this.#longRunning.render(lines);
    const inflight = 'apiserver_current_inflight_requests';
    header(lines, inflight, 'gauge', '[STABLE] Requests under way that change something, and that do not.');
    lines.push(
      sample(inflight, 'request_kind="mutating"', this.#mutating),
      sample(inflight, 'request_kind="readOnly"', this.#readOnly),
    );
    return `${lines.join('\n')}\n`;
  }
}

const full = ({ component, dryRun, rest }: RequestLabels): string =>
  `component="${component}",dry_run="${dryRun}",${rest}`;

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

/** Paths that are no resources and are counted one by one. */
const plainPaths: ReadonlySet<string> = new Set([
  '/',
  '/api',
  '/apis',
  '/healthz',
  '/livez',
  '/metrics',
  '/openapi/v2',
  '/openapi/v3',
  '/readyz',
  '/version',
]);

/** Only words of the server's own become labels: a client that makes up resources must not grow the metrics. */
function labelsOf({ info, known, query, exchange }: Request): RequestLabels {
  const applies = info.verb === 'patch' && exchange.headers['content-type']?.startsWith('application/apply-patch');
  const verb = applies ? 'APPLY' : (verbNames.get(info.verb) ?? 'other');
  const wanted = query?.getAll('dryRun');
  const dryRun = !wanted?.length ? '' : wanted.every((one) => one === 'All') ? 'All' : 'invalid';
  if (!known) {
    const path = !info.isResource && plainPaths.has(info.path) ? info.path : '';
    const rest = `group="",resource="",scope="",subresource="${path}",verb="${verb}",version=""`;
    return { dryRun, component: '', rest };
  }
  const scope =
    info.name !== '' || info.verb === 'create' ? 'resource' : info.namespace !== '' ? 'namespace' : 'cluster';
  const rest = `group="${info.group}",resource="${info.resource}",scope="${scope}",subresource="${info.subresource}",verb="${verb}",version="${info.version}"`;
  return { dryRun, component: 'apiserver', rest };
}
