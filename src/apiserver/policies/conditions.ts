/** Conditions under which a policy looks at a request. https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#matching-requests-matchconditions */
import { type Activation, type Expression, OutOfBudget } from './activation.ts';

/** Whether they hold: false where one does not, whatever the others; an error where one fails and none is false. */
export async function conditionsHold(
  conditions: readonly Expression[],
  activation: Activation,
): Promise<boolean | { readonly error: string }> {
  const found = new Set<string>();
  try {
    const outcomes = [];
    // All are evaluated before any is looked at: an expression too costly counts before one that is false.
    for (const condition of conditions) outcomes.push(await activation.evaluate(condition));
    for (const outcome of outcomes) {
      if ('error' in outcome) found.add(outcome.error);
      else if (outcome.value === false) return false;
    }
  } catch (error) {
    if (!(error instanceof OutOfBudget)) throw error;
    return { error: error.message };
  }
  if (found.size === 0) return true;
  const [first = ''] = found;
  return { error: found.size === 1 ? first : `[${[...found].join(', ')}]` };
}
