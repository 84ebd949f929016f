import type { LabelSelector } from '../../api/meta/v1.gen.ts';
import { labelValueProblems } from '../../api/names.ts';
import { fieldErrors, type Path } from '../../schema/field-error.ts';
import { validateLabels } from '../registry/metadata.ts';
import { addAll, checkQualifiedName, type Found } from './values.ts';

export interface Expression {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#resources-that-support-set-based-requirements */
export function checkLabelSelector(selector: LabelSelector | undefined, path: Path, found: Found): void {
  if (!selector) return;
  if (selector.matchLabels) validateLabels(selector.matchLabels, path.child('matchLabels'), found);
  for (const [i, expression] of (selector.matchExpressions ?? []).entries()) {
    checkExpression(expression, path.child('matchExpressions').index(i), found);
  }
}

function checkExpression({ key, operator, values = [] }: Expression, path: Path, found: Found): void {
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) {
        const why = "must be specified when `operator` is 'In' or 'NotIn'";
        found.push(fieldErrors.required(path.child('values'), why));
      }
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) {
        const why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
        found.push(fieldErrors.forbidden(path.child('values'), why));
      }
      break;
    default:
      found.push(fieldErrors.invalid(path.child('operator'), operator ?? '', 'not a valid selector operator'));
  }
  checkQualifiedName(key ?? '', path.child('key'), found);
  for (const [i, value] of values.entries()) {
    addAll(found, path.child('values').index(i), value, labelValueProblems(value));
  }
}
