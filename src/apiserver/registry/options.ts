import { errors } from '../../api/errors.ts';
import { type FieldError, fieldErrors, Path } from '../../schema/field-error.ts';
import type { DeleteParameters, PatchParameters, PatchType, WriteParameters } from '../core.ts';

const policies = ['Foreground', 'Background', 'Orphan'];

function refuse(kind: string, found: readonly FieldError[]): void {
  if (found.length > 0) throw errors.invalid({ group: 'meta.k8s.io', kind }, '', found);
}

/** Refuses create and update options that Kubernetes does not know. */
export function validateWriteOptions(kind: 'CreateOptions' | 'UpdateOptions', options: WriteParameters): void {
  if (options.fieldManager || options.dryRun || options.fieldValidation) refuse(kind, common(options));
}

export function validatePatchOptions(options: PatchParameters, type: PatchType): void {
  const found: FieldError[] = [];
  if (type === 'apply') {
    if (!options.fieldManager) {
      found.push(fieldErrors.required(Path.of('fieldManager'), 'is required for apply patch'));
    }
  } else if (options.force !== undefined) {
    found.push(fieldErrors.forbidden(Path.of('force'), 'may not be specified for non-apply patch'));
  }
  refuse('PatchOptions', [...found, ...common(options)]);
}

export function validateDeleteOptions(options: DeleteParameters): void {
  const found: FieldError[] = [];
  const path = Path.of('propagationPolicy');
  const policy = options.propagationPolicy;
  if (policy !== undefined) {
    if (options.orphanDependents !== undefined) {
      const why = 'orphanDependents and deletionPropagation cannot be both set';
      found.push(fieldErrors.invalid(path, policy, why));
    }
    if (!policies.includes(policy)) found.push(fieldErrors.notSupported(path, policy, [...policies, 'nil']));
  }
  found.push(...dryRun(options.dryRun));
  refuse('DeleteOptions', found);
}

function common(options: WriteParameters): FieldError[] {
  const found: FieldError[] = [];
  const manager = options.fieldManager ?? '';
  if (Buffer.byteLength(manager) > 128) found.push(fieldErrors.tooLong(Path.of('fieldManager'), 128));
  let position = 0;
  for (const letter of manager) {
    if (!/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(letter)) {
      const code = (letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
      const why = `invalid character U+${code} (at position ${position})`;
      found.push(fieldErrors.invalid(Path.of('fieldManager'), manager, why));
    }
    position += Buffer.byteLength(letter);
  }
  found.push(...dryRun(options.dryRun));
  const validation = options.fieldValidation ?? '';
  const known = ['', 'Ignore', 'Strict', 'Warn'];
  if (!known.includes(validation)) {
    found.push(fieldErrors.notSupported(Path.of('fieldValidation'), validation, known));
  }
  return found;
}

function dryRun(values: readonly string[] | undefined): FieldError[] {
  if (!values || values.every((value) => value === 'All')) return [];
  return [fieldErrors.notSupported(Path.of('dryRun'), values, ['All'])];
}

export const isDryRun = (options: { readonly dryRun?: readonly string[] }): boolean =>
  (options.dryRun?.length ?? 0) > 0;
