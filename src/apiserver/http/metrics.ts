import { Distribution, exponential, type Family, Histogram, header, sample, Values } from '../../utils/metrics.ts';
import type { ServedResource } from '../core.ts';
import { isLongRunning } from './flights.ts';
import type { Request } from './request.ts';

/** Upper bounds in seconds, kube-apiserver's. */
const bounds = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];
/** The service level is not told apart below this. */
const SLI_FROM = 0.05;
/** In bytes, kube-apiserver's. */
const answerBounds = exponential(1000, 10, 7);
const bodyBounds = Array.from({ length: 31 }, (_, i) => 50_000 + 100_000 * i);
const readOnly: ReadonlySet<string> = new Set(['get', 'list', 'watch', 'options', 'head']);

/** Distinct label sets kept; names in them come from the server's own tables, but verbs and codes multiply. */
const MOST_SERIES = 10_000;

/** All that is counted of requests that have the same labels but for their codes. */
class Series {
  readonly labels: RequestLabels;
  readonly byCode = new Map<number, number>();
  readonly seconds = new Distribution(bounds);
  /** Of what is read. */
  answers: Distribution | undefined;
  /** Of what is sent with a request. */
  bodies: Distribution | undefined;

  constructor(labels: RequestLabels) {
    this.labels = labels;
  }
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
 * request, hence counters that are found by the resource and a number, rendered when somebody scrapes.
 */
export class RequestMetrics implements Family {
  readonly #series = new Map<string, Series>();
  /** Of a resource, by subresource: at `placeOf` verb, scope and dry run. */
  readonly #byResource = new WeakMap<ServedResource, Map<string, (Series | undefined)[]>>();
  readonly #answers = new Histogram(
    'apiserver_response_sizes',
    '[STABLE] Bytes of the answers to what reads.',
    answerBounds,
  );
  readonly #bodies = new Histogram(
    'apiserver_request_body_size_bytes',
    '[ALPHA] Bytes that came with requests, by resource and verb.',
    bodyBounds,
  );
  readonly #deprecated = new Values(
    'gauge',
    'apiserver_requested_deprecated_apis',
    '[STABLE] 1 for deprecated APIs that somebody has asked for.',
  );
  readonly #longRunning = new Values(
    'gauge',
    'apiserver_longrunning_requests',
    '[STABLE] Requests under way that may last, such as watches.',
  );
  readonly #rejected = new Values(
    'counter',
    'apiserver_request_terminations_total',
    '[ALPHA] Requests that the server ended to protect itself.',
  );
  readonly #handshakes = new Values(
    'counter',
    'apiserver_tls_handshake_errors_total',
    '[ALPHA] Connections on which no secret could be agreed upon.',
  );
  #readOnly = 0;
  #mutating = 0;

  constructor() {
    this.#handshakes.set('', 0);
  }

  /** Counts a request in, which asks for `served` where it asks for a resource; the function it returns counts it out. */
  start(request: Request, served?: ServedResource): (status: number) => void {
    const began = performance.now();
    const { info, exchange } = request;
    const long = isLongRunning(info);
    const reads = readOnly.has(info.verb);
    const series = (request.known && served && this.#known(request, served)) || this.#named(labelsOf(request));
    const { component, rest } = series.labels;
    const running = long ? this.#longRunning.of(`component="${component}",${rest}`) : undefined;
    if (running) running.value++;
    else if (reads) this.#readOnly++;
    else this.#mutating++;
    return (status) => {
      if (running) running.value--;
      else if (reads) this.#readOnly--;
      else this.#mutating--;
      series.byCode.set(status, (series.byCode.get(status) ?? 0) + 1);
      if (running) return;
      series.seconds.observe((performance.now() - began) / 1000);
      if (info.verb === 'get' || info.verb === 'list') {
        series.answers ??= this.#answers.of(`component="${component}",${rest}`);
        series.answers.observe(exchange.sent);
      } else if (request.known) {
        series.bodies ??= this.#bodies.of(
          `group="${info.group}",resource="${info.resource}",verb="${bodyVerb(info.verb)}"`,
        );
        series.bodies.observe(Number(exchange.headers['content-length'] ?? 0));
      }
    };
  }

  /** A request was refused, or ended, because there is too much to do. */
  terminated(code: number): void {
    this.#rejected.add(
      `code="${code}",component="apiserver",group="",resource="",scope="",subresource="",verb="",version=""`,
    );
  }

  handshakeFailed(): void {
    this.#handshakes.add('');
  }

  /** What there is of a resource, without a look at any text; undefined for verbs and dry runs that nobody needs. */
  #known(request: Request, served: ServedResource): Series | undefined {
    const place = placeOf(request);
    if (place < 0) return undefined;
    const { subresource } = request.info;
    let bySubresource = this.#byResource.get(served);
    if (!bySubresource) {
      bySubresource = new Map();
      this.#byResource.set(served, bySubresource);
    }
    let places = bySubresource.get(subresource);
    if (!places) {
      places = [];
      bySubresource.set(subresource, places);
    }
    let series = places[place];
    if (!series) {
      series = this.#named(labelsOf(request));
      places[place] = series;
      const { group, version, resource } = request.info;
      if (group === '' && deprecated.has(resource)) {
        this.#deprecated.set(
          `group="",removed_release="",resource="${resource}",subresource="${subresource}",version="${version}"`,
          1,
        );
      }
    }
    return series;
  }

  /** One that nobody sees where there are too many. */
  #named(labels: RequestLabels): Series {
    const key = labels.dryRun === '' ? labels.rest : labels.dryRun + labels.rest;
    const found = this.#series.get(key);
    if (found) return found;
    const series = new Series(labels);
    if (this.#series.size < MOST_SERIES) this.#series.set(key, series);
    return series;
  }

  render(lines: string[]): void {
    const all = [...this.#series.values()];
    header(
      lines,
      'apiserver_request_total',
      'counter',
      '[STABLE] Requests answered, by what they were for and the code.',
    );
    for (const { labels, byCode } of all) {
      for (const [code, count] of byCode)
        lines.push(sample('apiserver_request_total', `code="${code}",${full(labels)}`, count));
    }
    const measured = all.filter(({ seconds }) => seconds.count > 0);
    const duration = 'apiserver_request_duration_seconds';
    header(
      lines,
      duration,
      'histogram',
      '[STABLE] Seconds until requests were answered; long-running ones are left out.',
    );
    for (const { labels, seconds } of measured) seconds.render(lines, duration, full(labels));
    const sli = 'apiserver_request_sli_duration_seconds';
    header(lines, sli, 'histogram', '[ALPHA] Seconds until requests were answered, for judging the level of service.');
    for (const { labels, seconds } of measured) {
      if (labels.dryRun === '') seconds.render(lines, sli, `component="${labels.component}",${labels.rest}`, SLI_FROM);
    }
    for (const family of [this.#answers, this.#bodies, this.#deprecated, this.#longRunning, this.#rejected])
      family.render(lines);
    this.#handshakes.render(lines);
    const inflight = 'apiserver_current_inflight_requests';
    header(lines, inflight, 'gauge', '[STABLE] Requests under way that change something, and that do not.');
    lines.push(
      sample(inflight, 'request_kind="mutating"', this.#mutating),
      sample(inflight, 'request_kind="readOnly"', this.#readOnly),
    );
  }
}

/** As kube-apiserver calls them in the metrics of bodies. */
const bodyVerb = (verb: string): string => (verb === 'deletecollection' ? 'delete_collection' : verb);

const deprecated: ReadonlySet<string> = new Set(['endpoints', 'componentstatuses']);

/** Scopes: an object, a namespace, the cluster. */
const SCOPES = 3;
const verbPlaces: ReadonlyMap<string, number> = new Map(
  ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'].map((verb, i) => [verb, i]),
);
const APPLY = verbPlaces.size;

/** A number for what of a resource's requests differs in their labels; -1: look at the labels. */
function placeOf({ info, query, exchange }: Request): number {
  if (query?.has('dryRun')) return -1;
  let verb = verbPlaces.get(info.verb) ?? -1;
  if (verb < 0) return -1;
  if (info.verb === 'patch' && isApply(exchange.headers['content-type'])) verb = APPLY;
  return verb * SCOPES + (isSingle(info) ? 0 : info.namespace !== '' ? 1 : 2);
}

const isApply = (contentType: string | undefined): boolean =>
  contentType?.startsWith('application/apply-patch') ?? false;

const isSingle = ({ name, verb }: { readonly name: string; readonly verb: string }): boolean =>
  name !== '' || verb === 'create';

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
  const applies = info.verb === 'patch' && isApply(exchange.headers['content-type']);
  const verb = applies ? 'APPLY' : (verbNames.get(info.verb) ?? 'other');
  const wanted = query?.getAll('dryRun');
  const dryRun = !wanted?.length ? '' : wanted.every((one) => one === 'All') ? 'All' : 'invalid';
  if (!known) {
    const path = !info.isResource && plainPaths.has(info.path) ? info.path : '';
    const rest = `group="",resource="",scope="",subresource="${path}",verb="${verb}",version=""`;
    return { dryRun, component: '', rest };
  }
  const scope = isSingle(info) ? 'resource' : info.namespace !== '' ? 'namespace' : 'cluster';
  const rest = `group="${info.group}",resource="${info.resource}",scope="${scope}",subresource="${info.subresource}",verb="${verb}",version="${info.version}"`;
  return { dryRun, component: 'apiserver', rest };
}
