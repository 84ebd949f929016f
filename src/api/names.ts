/**
 * What names may look like, in Kubernetes' words (k8s.io/apimachinery/pkg/util/validation). Each function answers with
 * what is wrong with a text; nothing is wrong with it when the list is empty.
 */

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const label1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const subdomain = `${label}(\\.${label})*`;
const qualified = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const value = `(${qualified})?`;

const labelPattern = new RegExp(`^${label}$`);
const label1035Pattern = new RegExp(`^${label1035}$`);
const subdomainPattern = new RegExp(`^${subdomain}$`);
const qualifiedPattern = new RegExp(`^${qualified}$`);
/** Most qualified names there are, as long as they are short; the others are looked at part by part. */
const plainQualifiedPattern = new RegExp(`^(${subdomain}/)?${qualified}$`);
const nothing: readonly string[] = [];

function explain(what: string, pattern: string, ...examples: readonly string[]): string {
  const list = examples.map((example) => `'${example}', `).join(' or ');
  return `${what} (e.g. ${list}regex used for validation is '${pattern}')`;
}

/**
 * Both count bytes. Kubernetes says "characters" in the rules that stand in code, "bytes" in those that its types
 * declare, among them those of labels.
 */
export type Unit = 'characters' | 'bytes';

const tooLong = (text: string, most: number, unit: Unit): readonly string[] =>
  text.length > most || (text.length * 3 > most && Buffer.byteLength(text) > most)
    ? [`must be no more than ${most} ${unit}`]
    : nothing;

/** A DNS subdomain: names of most objects, prefixes of label keys. */
export function dns1123SubdomainProblems(text: string, unit: Unit = 'characters'): readonly string[] {
  // What matches has one byte a character.
  if (text.length <= 253 && subdomainPattern.test(text)) return nothing;
  const found = [...tooLong(text, 253, unit)];
  if (!subdomainPattern.test(text)) {
    const what =
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
    found.push(explain(what, subdomain, 'example.com'));
  }
  return found;
}

/** A DNS label: names of namespaces, ports, containers. */
export function dns1123LabelProblems(text: string, unit: Unit = 'characters'): readonly string[] {
  if (text.length <= 63 && labelPattern.test(text)) return nothing;
  const found = [...tooLong(text, 63, unit)];
  if (!labelPattern.test(text)) {
    const what =
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
    found.push(subdomainPattern.test(text) ? 'must not contain dots' : explain(what, label, 'my-name', '123-abc'));
  }
  return found;
}

/** A DNS label of the older kind, which begins with a letter: names of Services, versions. */
export function dns1035LabelProblems(text: string): readonly string[] {
  const found = [...tooLong(text, 63, 'characters')];
  if (!label1035Pattern.test(text)) {
    const what =
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
    found.push(explain(what, label1035, 'my-name', 'abc-123'));
  }
  return found;
}

const whole =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

/** A qualified name, "example.com/name": keys of labels and annotations, finalizers, conditions. */
export function qualifiedNameProblems(text: string): readonly string[] {
  if (text.length <= 63 && plainQualifiedPattern.test(text)) return nothing;
  const explained = explain(whole, qualified, 'MyName', 'my.name', '123-abc');
  const parts = text.split('/');
  if (parts.length > 2) {
    return [`a valid label key ${explained} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const found: string[] = [];
  const [prefix] = parts;
  if (parts.length === 2 && prefix !== undefined) {
    if (prefix === '') found.push('prefix part must be non-empty');
    else found.push(...dns1123SubdomainProblems(prefix, 'bytes').map((problem) => `prefix part ${problem}`));
  }
  const name = parts.at(-1) ?? '';
  if (name === '') found.push('name part must be non-empty');
  found.push(...tooLong(name, 63, 'bytes').map((problem) => `name part ${problem}`));
  if (!qualifiedPattern.test(name)) found.push(`name part ${explained}`);
  return found;
}

/** The value of a label. */
export function labelValueProblems(text: string): readonly string[] {
  if (text === '' || (text.length <= 63 && qualifiedPattern.test(text))) return nothing;
  const found = [...tooLong(text, 63, 'bytes')];
  if (text !== '' && !qualifiedPattern.test(text)) {
    const what =
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
    found.push(explain(what, value, 'MyValue', 'my_value', '12345'));
  }
  return found;
}
