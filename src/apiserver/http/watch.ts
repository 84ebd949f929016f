import { ApiError, errors } from '../../api/errors.ts';
import { type Cell, type Distribution, exponential, labelText, Registry } from '../../utils/metrics.ts';
import { turns } from '../../utils/turns.ts';
import type {
  CoreWatch,
  CoreWatchSink,
  ServedResource,
  Stored,
  Target,
  WatchEventType,
  WatchParameters,
} from '../core.ts';
import { commonHeaders, warningHeader } from './answer.ts';
import { wholeBookmark } from './bookmark.ts';
import { NEWLINE, partialMetadata } from './encode.ts';
import type { ResponseStream } from './exchange.ts';
import { PIECE_BYTES } from './join.ts';
import type { Representation } from './negotiate.ts';
import { Flow } from './pour.ts';
import { protobufError, protobufFrame } from './protobuf.ts';
import type { Request } from './request.ts';
import type { ResourceServices } from './resources.ts';
import { type IncludeObject, objectTable } from './table.ts';
import { openStream, watchProtocols } from './websocket-stream.ts';

/**
 * Events as bytes. An event goes to all watchers of its resource in one turn, so remembering the last frame made for
 * a representation is enough for all of them to share it.
 */
export class WatchFrames {
  readonly metrics: WatchMetrics;
  readonly #last = new WeakMap<ServedResource, Map<Representation, LastFrame>>();

  constructor(registry = new Registry()) {
    this.metrics = new WatchMetrics(registry);
  }

  of(resource: ServedResource, rep: Representation): LastFrame {
    const byRepresentation = this.#last.get(resource) ?? new Map<Representation, LastFrame>();
    const last = byRepresentation.get(rep) ?? new LastFrame(resource, rep);
    byRepresentation.set(rep, last);
    this.#last.set(resource, byRepresentation);
    return last;
  }
}

interface EventCounts {
  readonly events: Cell;
  readonly bytes: Distribution;
}

/** In bytes, kube-apiserver's. */
const sizeBounds = exponential(1024, 2, 8);
/** In seconds. */
const listBounds = [0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8, 10, 15, 20, 30, 45, 60];

/** What watches are sent, under kube-apiserver's names. */
class WatchMetrics {
  readonly #registry: Registry;
  readonly #counts = new WeakMap<ServedResource, EventCounts>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  of(resource: ServedResource): EventCounts {
    const found = this.#counts.get(resource);
    if (found) return found;
    const { group, version, data } = resource;
    const labels = labelText({ group, resource: data.resource, version });
    const events = this.#registry.counter('apiserver_watch_events_total', '[ALPHA] Events sent to watches.');
    const bytes = this.#registry.histogram(
      'apiserver_watch_events_sizes',
      '[ALPHA] Bytes of the events sent to watches.',
      sizeBounds,
    );
    const counts = { events: events.of(labels), bytes: bytes.of(labels) };
    this.#counts.set(resource, counts);
    return counts;
  }

  /** A watch has sent all that there was when it began. */
  listed({ resource, namespace }: Target, single: boolean, seconds: number): void {
    const { group, version, data } = resource;
    const scope = single ? 'resource' : namespace === '' ? 'cluster' : 'namespace';
    this.#registry
      .histogram(
        'apiserver_watch_list_duration_seconds',
        '[BETA] Seconds until watches that asked for it had been sent what there was.',
        listBounds,
      )
      .observe(labelText({ group, resource: data.resource, scope, version }), seconds);
  }
}

class LastFrame {
  readonly #resource: ServedResource;
  readonly #rep: Representation;
  #type: WatchEventType | undefined;
  #stored: Stored | undefined;
  #frame: Buffer = Buffer.alloc(0);

  constructor(resource: ServedResource, rep: Representation) {
    this.#resource = resource;
    this.#rep = rep;
  }

  frame(type: WatchEventType, stored: Stored): Buffer {
    if (stored !== this.#stored || type !== this.#type) {
      const shown = type === 'BOOKMARK' && this.#rep.as === '' ? wholeBookmark(this.#resource, stored) : stored;
      this.#frame = eventFrame(this.#resource, this.#rep, type, shown);
      this.#stored = stored;
      this.#type = type;
    }
    return this.#frame;
  }
}

/** The bookmark after the state that a watch began with is no use without what says so. */
const saysWhereItBegan = ({ object }: Stored): boolean =>
  object.metadata.annotations?.['k8s.io/initial-events-end'] !== undefined;

const END = Buffer.from('}\n');
const starts: Readonly<Record<WatchEventType | 'ERROR', Buffer>> = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
  BOOKMARK: Buffer.from('{"type":"BOOKMARK","object":'),
  ERROR: Buffer.from('{"type":"ERROR","object":'),
};

function jsonFrame(type: WatchEventType | 'ERROR', object: Buffer): Buffer {
  return Buffer.concat([starts[type], object, END]);
}

function eventFrame(resource: ServedResource, rep: Representation, type: WatchEventType, stored: Stored): Buffer {
  if (rep.mediaType === 'application/vnd.kubernetes.protobuf') return protobufFrame(resource, rep, type, stored);
  return jsonFrame(type, rep.as === '' ? stored.json : partialMetadata(stored.json, rep.metaVersion));
}

/** https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes */
export async function serveWatch(
  services: ResourceServices,
  request: Request,
  at: Target,
  options: WatchParameters,
  rep: Representation,
  include: IncludeObject,
): Promise<void> {
  const { exchange } = request;
  const { resource } = at;
  // Events that come before the headers are out (the initial ones may, thousands of them) wait here, not yet encoded.
  let early: (readonly [WatchEventType, Stored])[] | undefined = [];
  let earlyError: Error | undefined;
  let stream: ResponseStream | undefined;
  let ended = false;
  let columnsSent = false;
  const last = services.frames.of(resource, rep);
  const began = performance.now();
  const counts = services.frames.metrics.of(resource);

  const encode =
    rep.as === 'Table'
      ? (type: WatchEventType, stored: Stored): Buffer => {
          const shown = type === 'BOOKMARK' ? wholeBookmark(resource, stored, include === 'Object') : stored;
          const tableOptions = {
            include: include === 'None' && saysWhereItBegan(shown) ? 'Metadata' : include,
            version: rep.metaVersion,
            now: services.clock.now(),
          };
          const body = objectTable(resource, shown, tableOptions, !columnsSent);
          columnsSent = true;
          return jsonFrame(type, body.subarray(0, body.length - NEWLINE.length));
        }
      : (type: WatchEventType, stored: Stored): Buffer => last.frame(type, stored);
  const frame = (type: WatchEventType, stored: Stored): Buffer => {
    const bytes = encode(type, stored);
    counts.events.value++;
    counts.bytes.observe(bytes.length);
    return bytes;
  };

  const finish = () => {
    ended = true;
    if (stream) stream.end();
  };
  const sink: CoreWatchSink = {
    event(type, stored) {
      if (ended) return;
      // No event is a list: Kubernetes fails at the first one, and ends.
      if (rep.as === 'PartialObjectMetadataList') {
        sink.end();
        session?.stop();
      } else if (early) early.push([type, stored]);
      else if (stream && !stream.write(frame(type, stored))) session?.pause();
    },
    end(error) {
      if (ended) return;
      if (early) {
        earlyError = error;
        ended = true;
        return;
      }
      if (error) stream?.write(errorFrame(error, rep));
      finish();
    },
  };
  let session: CoreWatch | undefined;
  try {
    session = await services.core.watch(request, at, options, sink);
  } catch (error) {
    // Who asks for the state of a revision that is not there yet has been answered before that is known.
    if (!options.sendInitialEvents || !(error instanceof ApiError) || error.reason !== 'Timeout') throw error;
    earlyError = error;
    ended = true;
  }
  const mediaType = rep.mediaType === 'application/json' ? rep.mediaType : `${rep.mediaType};stream=watch`;
  const headers = commonHeaders(exchange, mediaType);
  if (request.warnings.length > 0) headers.warning = warningHeader(request.warnings);
  stream = await openStream(exchange, headers, watchProtocols);
  const flow = new Flow(exchange);
  stream.onDrain = flow.open;
  const waiting = early;
  early = undefined;
  services.endless.add(finish);
  exchange.onClose(() => {
    ended = true;
    services.endless.delete(finish);
    session?.stop();
  });
  const over = ended;
  ended = false;
  // What happens meanwhile waits behind them.
  session?.pause();
  let made = 0;
  for (const [type, stored] of waiting) {
    const bytes = frame(type, stored);
    if (!stream.write(bytes)) await flow.opened();
    if (exchange.closed || ended) return;
    made += bytes.length;
    if (made < PIECE_BYTES) continue;
    made = 0;
    await turns.take();
  }
  if (options.sendInitialEvents) {
    const single = request.info.name !== '';
    services.frames.metrics.listed(at, single, (performance.now() - began) / 1000);
  }
  if (over) {
    if (earlyError) stream.write(errorFrame(earlyError, rep));
    finish();
    return;
  }
  stream.onDrain = () => session?.resume();
  session?.resume();
}

function errorFrame(error: Error, rep: Representation): Buffer {
  const status = (error instanceof ApiError ? error : errors.internal(error.message)).status;
  if (rep.mediaType === 'application/vnd.kubernetes.protobuf') return protobufError(status);
  return jsonFrame('ERROR', Buffer.from(JSON.stringify(status)));
}
