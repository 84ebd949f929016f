import { ConfigurationError } from '../utils/configuration-error.ts';

/** "30000-32767" */
export function parsePortRange(text: string): readonly [number, number] {
  const [first, last] = text.split('-').map(Number);
  if (!/^\d+-\d+$/.test(text) || !first || !last || first > last || last > 65535) {
    throw new ConfigurationError(`--service-node-port-range "${text}" is not a range of ports like 30000-32767`);
  }
  return [first, last];
}
