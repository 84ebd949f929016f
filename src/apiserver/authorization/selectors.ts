import { type FieldRequirement, parseFieldSelector } from '../../api/fields.ts';
import { parseLabelSelector, type Requirement, SelectorError } from '../../api/labels.ts';
import type { AuthorizerAttributes } from '../admission.ts';

/*
 * What the selectors of a request ask for, for authorizers that look at them. One that cannot be read narrows nothing.
 * https://kubernetes.io/docs/reference/access-authn-authz/authorization/#using-field-and-label-selectors
 */

export function fieldRequirements({ fieldSelector = '' }: AuthorizerAttributes): readonly FieldRequirement[] {
  if (typeof fieldSelector !== 'string') return fieldSelector;
  return fieldSelector === '' ? [] : readable(() => parseFieldSelector(fieldSelector).requirements);
}

export function labelRequirements({ labelSelector = '' }: AuthorizerAttributes): readonly Requirement[] {
  if (typeof labelSelector !== 'string') return labelSelector;
  return labelSelector === '' ? [] : readable(() => parseLabelSelector(labelSelector).requirements);
}

function readable<T>(read: () => readonly T[]): readonly T[] {
  try {
    return read();
  } catch (error) {
    if (error instanceof SelectorError) return [];
    throw error;
  }
}
