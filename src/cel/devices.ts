/** Selectors of devices. https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/ */
import { estimateCost } from './cost.ts';
import type { Estimate } from './estimate.ts';
import { kubernetesEnvironment } from './kubernetes.ts';
import { bindingMacros } from './macros.ts';
import { QUANTITY_TYPE } from './numbers.ts';
import { objectOfTypes } from './object-types.ts';
import { compile, type Program } from './program.ts';
import { BOOL, type CelType, DYN, declaredTypeName, mapOf, STRING, structType } from './types.ts';

/** What one selector may cost, estimated at its worst. */
const MAX_COST = 1_000_000;
const MAX_DOMAIN = 63;
const MAX_ID = 32;
const MAX_ENTRIES = 32;
const MAX_ATTRIBUTE = 64;

/** An attribute: of any of the types that attributes have. */
const ANY: CelType = { ...DYN, name: 'any' };
const attributes = mapOf(STRING, mapOf(STRING, ANY));
const capacity = mapOf(STRING, mapOf(STRING, QUANTITY_TYPE));

const environment = kubernetesEnvironment.extend({
  objects: [
    objectOfTypes(
      'kubernetes.DRADevice',
      new Map(Object.entries({ driver: STRING, allowMultipleAllocations: BOOL, attributes, capacity })),
    ),
  ],
  variables: { device: structType('kubernetes.DRADevice') },
  macros: bindingMacros,
});

/** How large what a path reads may be. */
const sizes = new Map<string, number>([
  ['device', 0],
  ['device.driver', MAX_DOMAIN],
  ['device.allowMultipleAllocations', 1],
  ...['attributes', 'capacity'].flatMap((field): [string, number][] => [
    [`device.${field}`, MAX_ENTRIES],
    [`device.${field}.@keys`, MAX_DOMAIN],
    [`device.${field}.@values`, MAX_ENTRIES],
    [`device.${field}.@values.@keys`, MAX_ID],
    [`device.${field}.@values.@values`, field === 'attributes' ? MAX_ATTRIBUTE : 0],
  ]),
]);

/** A selector compiled, or what is wrong with it; too much cost is a complaint of its own kind. */
export function compileDeviceSelector(
  expression: string,
): { readonly program: Program } | { readonly problem: string } | { readonly tooComplex: true } {
  const compiled = compile(expression, environment);
  if ('issues' in compiled) return { problem: `compilation failed: ${compiled.issues}` };
  const { ast } = compiled.program;
  if (ast.type.kind !== 'bool' && ast.type.name !== ANY.name) {
    return { problem: `must evaluate to bool or the unknown type, not ${declaredTypeName(ast.type)}` };
  }
  return estimateCost(ast, { size: bounded }).max > MAX_COST ? { tooComplex: true } : compiled;
}

function bounded(path: readonly string[]): Estimate | undefined {
  const [device, field, values, id] = path;
  // An attribute may be read by its name as well as by an index.
  const named = field === 'attributes' && values === '@values' && id !== undefined && !id.startsWith('@');
  const max = sizes.get(named && path.length === 4 ? `${device}.${field}.@values.@values` : path.join('.'));
  return max === undefined ? undefined : { min: 0, max };
}
