import type { KeyValue, Operation, RangeOptions, RangeResult, Store, TxnResult } from '../../store/store.ts';
import { StoreView } from '../../store/store-view.ts';
import {
  type Cell,
  type Distribution,
  type Histogram,
  labelText,
  type Registry,
  type Values,
} from '../../utils/metrics.ts';
import { KeyResources } from '../key-resources.ts';
import type { Resources } from '../resource-table.ts';

/** Seconds, kube-apiserver's. */
const bounds = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

type StoreOperation = 'get' | 'list' | 'create' | 'update' | 'delete';

interface Series {
  readonly count: Cell;
  readonly seconds: Distribution;
  readonly failed: () => void;
}

/** What is done with the objects of one prefix. */
type Measures = Partial<Record<StoreOperation, Series>> & { readonly group: string; readonly resource: string };

/** A store whose requests are counted and timed, under the names that kube-apiserver has for those to etcd. */
export class MeteredStore extends StoreView {
  readonly #keys: KeyResources;
  readonly #requests: Values;
  readonly #errors: Values;
  readonly #seconds: Histogram;
  /** By the prefix of a resource. */
  readonly #measures = new Map<string, Measures>();

  constructor(store: Store, resources: Resources, registry: Registry) {
    super(store);
    this.#keys = new KeyResources(resources);
    this.#requests = registry.counter('etcd_requests_total', '[ALPHA] Requests to the store.');
    this.#errors = registry.counter('etcd_request_errors_total', '[ALPHA] Requests to the store that failed.');
    this.#seconds = registry.histogram(
      'etcd_request_duration_seconds',
      '[ALPHA] Seconds that requests to the store took.',
      bounds,
    );
  }

  override get(key: string, revision?: number): Promise<KeyValue | undefined> {
    const began = performance.now();
    return this.#time(key, 'get', began, this.store.get(key, revision));
  }

  override range(start: string, end: string, options?: RangeOptions): Promise<RangeResult> {
    const began = performance.now();
    return this.#time(start, 'list', began, this.store.range(start, end, options));
  }

  override txn(operations: readonly Operation[]): Promise<TxnResult> {
    const began = performance.now();
    const result = this.store.txn(operations);
    const [first] = operations;
    return first && first.type !== 'check' ? this.#time(first.key, operationOf(first), began, result) : result;
  }

  /** Looks at how long it takes without standing in its way. */
  #time<T>(key: string, operation: StoreOperation, began: number, result: Promise<T>): Promise<T> {
    const measures = this.#measuresOf(key);
    if (!measures) return result;
    const series = measures[operation] ?? this.#add(measures, operation);
    const over = (): void => {
      series.count.value++;
      series.seconds.observe((performance.now() - began) / 1000);
    };
    result.then(over, () => {
      over();
      series.failed();
    });
    return result;
  }

  #add(measures: Measures, operation: StoreOperation): Series {
    const { group, resource } = measures;
    const labels = labelText({ group, operation, resource });
    const series: Series = {
      count: this.#requests.of(labels),
      seconds: this.#seconds.of(labels),
      failed: () => this.#errors.add(labels),
    };
    measures[operation] = series;
    return series;
  }

  #measuresOf(key: string): Measures | undefined {
    const served = this.#keys.of(key);
    if (!served) return undefined;
    const found = this.#measures.get(served.prefix);
    if (found) return found;
    const measures: Measures = { group: served.group, resource: served.data.resource };
    this.#measures.set(served.prefix, measures);
    return measures;
  }
}

const operationOf = (operation: Operation): StoreOperation => {
  if (operation.type === 'delete') return 'delete';
  return operation.expect === 0 ? 'create' : 'update';
};
