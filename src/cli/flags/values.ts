import { Option } from 'commander';
import { UsageError } from '../usage-error.ts';

/** A flag that is true when it stands alone: --name, --name=true, --name=false. */
export function booleanOption(name: string, description: string): Option {
  return new Option(`--${name} [bool]`, description).preset('true').argParser((text) => {
    if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true;
    if (/^(0|f|F|FALSE|false|False)$/.test(text)) return false;
    throw new UsageError(`"${text}" is neither true nor false.`);
  });
}

/** A flag that may be given again; each is one value. */
export function repeatedOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text, before?: readonly string[]) => [...(before ?? []), text]);
}

/** A flag with values between commas, which may be given again. */
export function listOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text, before?: readonly string[]) => [
    ...(before ?? []),
    ...text.split(',').filter(Boolean),
  ]);
}
