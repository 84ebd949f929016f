/** RFC 3986's scheme, and what follows it. */
const absolute = /^[a-z][a-z0-9+.-]*:/i;
const authority = /^\/\/([^/?]*)/;
/** Letters that Go takes in a host, percent forms and an address in brackets included. */
const host = /^(?:[^@]*@)?(?:\[[0-9a-f:.%a-z]*\]|[^[\] "<>\\^`{|}]*?)(?::\d*)?$/i;

/**
 * Path and query of a request's target, which RFC 9112 (3.2.2) wants understood in absolute form too:
 * "https://host/api?x" is "/api?x". undefined for what is neither, and no asterisk.
 */
export function originForm(target: string): string | undefined {
  if (target.startsWith('/') || target === '*') return target;
  const scheme = absolute.exec(target)?.[0];
  if (scheme === undefined) return undefined;
  const rest = target.slice(scheme.length);
  // "mailto:x" names something, but no path.
  if (!rest.startsWith('/')) return '';
  const named = authority.exec(rest);
  if (!named) return rest;
  return host.test(named[1] ?? '') ? rest.slice(named[0].length) : undefined;
}
