import type { ConfigMap, LimitRange, ResourceQuota, Secret, ServiceAccount } from '../../../api/core/v1.gen.ts';
import type { Mutable } from '../../../api/resource.ts';
import {
  validateConfigMap,
  validateConfigMapUpdate,
  validateLimitRange,
  validateResourceQuota,
  validateResourceQuotaStatusUpdate,
  validateResourceQuotaUpdate,
  validateSecret,
  validateSecretUpdate,
} from '../../validation/config.ts';
import { age, createdAtCells, nameAndAge } from '../cells.ts';
import { define } from '../define.ts';
import { keepStatus, updateStatus } from '../spec-and-status.ts';
import { keyPairProblem } from './key-pair.ts';
import { roundQuantities } from './resource-list.ts';

const count = (map: object | undefined): number => Object.keys(map ?? {}).length;

export const configMap = define<ConfigMap>({
  validateCreate: validateConfigMap,
  validateUpdate: validateConfigMapUpdate,
  tableCells: (map, now) => [map.metadata.name, count(map.data) + count(map.binaryData), age(map, now)],
});

/** stringData is for writing only: it ends up in data. */
function setSecretDefaults(secret: Mutable<Secret>): void {
  const { stringData } = secret;
  if (stringData) {
    secret.data ??= {};
    for (const [key, text] of Object.entries(stringData)) secret.data[key] = Buffer.from(text).toString('base64');
    delete secret.stringData;
  }
  secret.type ??= 'Opaque';
}

export const secret = define<Secret>({
  validateCreate: validateSecret,
  validateUpdate: validateSecretUpdate,
  setDefaults: setSecretDefaults,
  prepareForUpdate: (secret, old) => {
    if (!secret.type) secret.type = old.type;
  },
  warnings: ({ type, data }) => {
    if (type !== 'kubernetes.io/tls') return [];
    const text = (key: string): string => Buffer.from(data?.[key] ?? '', 'base64').toString();
    const problem = keyPairProblem(text('tls.crt'), text('tls.key'));
    return problem === undefined ? [] : [problem];
  },
  selectableFields: ({ type }) => ({ type: type ?? '' }),
  tableCells: (secret, now) => [secret.metadata.name, secret.type ?? '', count(secret.data), age(secret, now)],
});

/** Of the secrets that an account may use only the names are kept. */
function keepNames(account: Mutable<ServiceAccount>): void {
  account.secrets = account.secrets?.map(({ name }) => (name ? { name } : {}));
}

export const serviceAccount = define<ServiceAccount>({
  prepareForCreate: keepNames,
  prepareForUpdate: keepNames,
  tableCells: nameAndAge,
});

/** What a limit leaves out follows from what it says: default from max, defaultRequest from default and min. */
function setLimitDefaults({ spec }: Mutable<LimitRange>): void {
  for (const item of spec.limits ?? []) {
    for (const list of [item.max, item.min, item.default, item.defaultRequest, item.maxLimitRequestRatio]) {
      if (list) roundQuantities(list);
    }
    if (item.type !== 'Container') continue;
    const defaults = { ...item.max, ...item.default };
    const requests = { ...item.min, ...defaults, ...item.defaultRequest };
    if (count(defaults) > 0) item.default = defaults;
    if (count(requests) > 0) item.defaultRequest = requests;
  }
}

export const limitRange = define<LimitRange>({
  allowCreateOnUpdate: true,
  validateCreate: validateLimitRange,
  validateUpdate: validateLimitRange,
  setDefaults: setLimitDefaults,
  tableCells: createdAtCells,
});

/** "cpu: 1/2, pods: 3/10" of those quotas that are for limits, or of the others. */
function quotaCell({ status }: ResourceQuota, limits: boolean): string {
  const names = Object.keys(status.hard ?? {}).filter((name) => name.includes('limit') === limits);
  return names
    .sort()
    .map((name) => `${name}: ${status.used?.[name] ?? '0'}/${status.hard?.[name] ?? '0'}`)
    .join(', ');
}

export const resourceQuota = define<ResourceQuota>({
  validateCreate: validateResourceQuota,
  validateUpdate: validateResourceQuotaUpdate,
  setDefaults: ({ spec }) => {
    if (spec.hard) roundQuantities(spec.hard);
  },
  prepareForCreate: (quota) => {
    quota.status = {};
  },
  prepareForUpdate: keepStatus<ResourceQuota>,
  subresources: {
    status: { prepareForUpdate: updateStatus<ResourceQuota>, validateUpdate: validateResourceQuotaStatusUpdate },
  },
  tableCells: (quota, now) => [quota.metadata.name, quotaCell(quota, false), quotaCell(quota, true), age(quota, now)],
});
