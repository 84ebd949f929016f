import { randomUUID } from 'node:crypto';
import { errors } from '../../api/errors.ts';
import type { ObjectMeta } from '../../api/meta/v1.gen.ts';
import { apiVersionOf, type KubeObject, parseApiVersion } from '../../api/resource.ts';
import { deepEqual } from '../../schema/equal.ts';
import { aggregate, type FieldError, Path } from '../../schema/field-error.ts';
import { isJsonObject, type JsonObject } from '../../schema/json.ts';
import { quote } from '../../schema/quote.ts';
import type { ServedResource } from '../core.ts';
import { validateAnnotations, validateLabels } from '../registry/metadata.ts';
import type { WebhookClient } from '../webhooks/client.ts';
import type { ConvertObjects } from './versions.ts';

/** How long Kubernetes waits for a conversion. */
const TIMEOUT_MS = 30_000;
/** Objects in one call. */
const BATCH = 500;
const GROUP = 'apiextensions.k8s.io';

/**
 * Converts objects between versions by asking the definition's webhook.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#webhook-conversion
 */
export function webhookConversion(client: WebhookClient): ConvertObjects {
  return async (served, objects, apiVersion) => {
    const converted: KubeObject[] = [];
    for (let at = 0; at < objects.length; at += BATCH) {
      const batch = objects.slice(at, at + BATCH);
      converted.push(...(await convertBatch(client, served, batch, apiVersion)));
    }
    return converted;
  };
}

async function convertBatch(
  client: WebhookClient,
  { custom }: ServedResource,
  objects: readonly KubeObject[],
  desiredAPIVersion: string,
): Promise<readonly KubeObject[]> {
  const [first] = objects;
  const { clientConfig, conversionReviewVersions = [] } = custom?.conversion.webhook ?? {};
  const version = conversionReviewVersions.find((one) => one === 'v1' || one === 'v1beta1');
  if (!first || !clientConfig) return objects;
  if (version === undefined) throw errors.unknown('no supported conversion review versions');
  const about = `conversion webhook for ${kindText(first)}`;
  const uid = randomUUID();
  const review = {
    kind: 'ConversionReview',
    apiVersion: apiVersionOf({ group: GROUP, version }),
    request: { uid, desiredAPIVersion, objects },
  };
  let given: readonly unknown[];
  try {
    const answer = await client.call(clientConfig, review, { timeoutMs: TIMEOUT_MS });
    given = convertedObjects(answer, version, uid);
  } catch (error) {
    throw errors.unknown(`${about} failed: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (given.length !== objects.length) {
    throw errors.unknown(`${about} returned ${given.length} objects, expected ${objects.length}`);
  }
  return objects.map((original, i) => accepted(original, given[i], desiredAPIVersion, `${about} returned invalid`));
}

const kindText = ({ apiVersion, kind }: KubeObject): string => `${apiVersion}, Kind=${kind}`;

/** What the webhook's answer holds; throws for an answer to something else, or a refusal. */
function convertedObjects(answer: unknown, version: string, uid: string): readonly unknown[] {
  if (!isJsonObject(answer)) throw new Error('no response provided');
  const { kind = '', apiVersion = '', response } = answer;
  const expected = `${GROUP}/${version}, Kind=ConversionReview`;
  const got = `${String(apiVersion)}, Kind=${String(kind)}`;
  if (version === 'v1' && got !== expected) throw new Error(`expected webhook response of ${expected}, got ${got}`);
  if (!isJsonObject(response)) throw new Error('no response provided');
  if (version === 'v1' && response.uid !== uid) {
    throw new Error(`expected response.uid=${quote(uid)}, got ${quote(String(response.uid ?? ''))}`);
  }
  const result = isJsonObject(response.result) ? response.result : {};
  if (result.status !== 'Success') {
    if (typeof result.message === 'string' && result.message !== '') throw new Error(result.message);
    throw new Error(`response.result.status was '${String(result.status ?? '')}', not 'Success'`);
  }
  return Array.isArray(response.convertedObjects) ? response.convertedObjects : [];
}

/** The converted object with the original's metadata, of which a webhook may change but labels and annotations. */
function accepted(original: KubeObject, converted: unknown, apiVersion: string, invalid: string): KubeObject {
  const refuse = (why: string) => errors.unknown(`${invalid} ${why}`);
  if (!isJsonObject(converted)) throw refuse('object at index 0: it is no object');
  if (converted.apiVersion !== apiVersion) {
    const versions = `expected ${apiVersion}, received ${versionText(converted.apiVersion)}`;
    throw refuse(`object at index 0: invalid groupVersion (${versions})`);
  }
  if (converted.kind !== original.kind) {
    throw refuse(
      `object at index 0: invalid kind (expected ${original.kind}, received ${String(converted.kind ?? '')})`,
    );
  }
  const meta = isJsonObject(converted.metadata) ? converted.metadata : {};
  for (const [name, field] of identities) {
    const [is, was] = [String(meta[field] ?? ''), String(original.metadata[field] ?? '')];
    if (is !== was) throw refuse(`object: must have the same ${name}: ${was} != ${is}`);
  }
  const metadata = restored(original.metadata, converted.metadata, (why) => refuse(`metadata: ${why}`));
  return { ...converted, apiVersion, kind: original.kind, metadata };
}

const identities = [
  ['name', 'name'],
  ['namespace', 'namespace'],
  ['UID', 'uid'],
] as const;

const versionText = (apiVersion: unknown): string =>
  typeof apiVersion === 'string' && parseApiVersion(apiVersion) ? apiVersion : '';

function restored(original: ObjectMeta, given: unknown, refuse: (why: string) => Error): ObjectMeta {
  if (given === undefined) throw refuse('missing metadata in converted object');
  if (!isJsonObject(given)) throw refuse('invalid metadata in converted object');
  const labels = texts(given, 'labels', refuse);
  const annotations = texts(given, 'annotations', refuse);
  const found: FieldError[] = [];
  if (labels && !deepEqual(labels, original.labels)) validateLabels(labels, Path.of('metadata', 'labels'), found);
  if (annotations && !deepEqual(annotations, original.annotations)) {
    validateAnnotations(annotations, Path.of('metadata', 'annotation'), found);
  }
  if (found.length > 0) throw refuse(aggregate(found));
  const { labels: _labels, annotations: _annotations, ...rest } = original;
  return { ...rest, ...(labels && { labels }), ...(annotations && { annotations }) };
}

function texts(
  metadata: JsonObject,
  field: 'labels' | 'annotations',
  refuse: (why: string) => Error,
): Readonly<Record<string, string>> | undefined {
  const given = metadata[field];
  if (given === undefined || given === null) return undefined;
  if (!isJsonObject(given)) throw refuse(`invalid metadata.${field} in converted object`);
  for (const [key, value] of Object.entries(given)) {
    if (typeof value === 'string') continue;
    throw refuse(`metadata.${field}[${key}] must be a string in converted object`);
  }
  return given as Readonly<Record<string, string>>; // by the loop
}
