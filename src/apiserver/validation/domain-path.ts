import { dns1123SubdomainProblems } from '../../api/names.ts';
import { fieldErrors, type Path } from '../../schema/field-error.ts';
import { addAll, type Found } from './values.ts';

const PATTERN = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const steps = new RegExp(`^${PATTERN}$`);

/** "acme.io/foo": who is in charge of something. */
export function checkDomainPrefixedPath(value: string, path: Path, found: Found): void {
  if (value === '') {
    found.push(fieldErrors.required(path));
    return;
  }
  const slash = value.indexOf('/');
  if (slash <= 0 || slash === value.length - 1) {
    found.push(fieldErrors.invalid(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")'));
    return;
  }
  const domain = value.slice(0, slash);
  addAll(found, path, domain, dns1123SubdomainProblems(domain));
  const rest = value.slice(slash + 1);
  if (!steps.test(rest)) {
    const why = `Invalid path (regex used for validation is '${PATTERN}')`;
    found.push(fieldErrors.invalid(path, rest, why));
  }
}
