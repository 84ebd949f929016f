/** The environment all expressions of Kubernetes v1.36 begin with. https://kubernetes.io/docs/reference/using-api/cel/#cel-options-language-features-and-libraries */
import { authorizerFunctions, authorizerTypes } from './authorizer.ts';
import { Environment } from './environment.ts';
import { listFunctions, optionalFunctions } from './lists.ts';
import { listMacros, optionalMacros, standardMacros, twoVariableMacros } from './macros.ts';
import { FORMAT_TYPE, formatFunctions } from './named-formats.ts';
import { CIDR_TYPE, IP_TYPE, networkFunctions, URL_TYPE } from './network.ts';
import { numberFunctions, QUANTITY_TYPE, SEMVER_TYPE } from './numbers.ts';
import { standardFunctions } from './standard.ts';
import { stringFunctions } from './strings.ts';
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  NULL,
  optionalOf,
  STRING,
  TIMESTAMP,
  TYPE,
  UINT,
} from './types.ts';

const byName = (types: readonly CelType[]) => Object.fromEntries(types.map((type) => [type.name, type]));

export const kubernetesEnvironment: Environment = new Environment({
  functions: [
    ...standardFunctions,
    ...stringFunctions,
    ...listFunctions,
    ...optionalFunctions,
    ...networkFunctions,
    ...numberFunctions,
    ...formatFunctions,
    ...authorizerFunctions,
  ],
  types: {
    ...byName([BOOL, BYTES, DOUBLE, INT, STRING, TYPE, UINT, listOf(DYN), mapOf(DYN, DYN), optionalOf(DYN)]),
    ...byName([IP_TYPE, CIDR_TYPE, URL_TYPE, QUANTITY_TYPE, SEMVER_TYPE, FORMAT_TYPE, ...authorizerTypes]),
    null_type: NULL,
    'google.protobuf.Duration': DURATION,
    'google.protobuf.Timestamp': TIMESTAMP,
  },
  macros: [...standardMacros, ...optionalMacros, ...twoVariableMacros, ...listMacros],
});
