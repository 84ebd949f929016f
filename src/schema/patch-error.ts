/**
 * A patch that cannot be applied. What the client is told depends on whose fault it is:
 *  - 'bad': the patch is not well formed (400, with the message);
 *  - 'too large': the patch has more operations than a server takes (413, with the message);
 *  - 'unprocessable': it does not apply to this object (422; Kubernetes keeps the message to itself);
 *  - 'internal': Kubernetes answers these with 500, the message and no reason.
 */
export class PatchError extends Error {
  readonly fault: 'bad' | 'too large' | 'unprocessable' | 'internal';

  constructor(fault: 'bad' | 'too large' | 'unprocessable' | 'internal', message: string) {
    super(message);
    this.name = 'PatchError';
    this.fault = fault;
  }
}

/** What Go calls a JSON value that is no object. */
export const goJsonKind = (value: unknown): string =>
  Array.isArray(value)
    ? 'array'
    : typeof value === 'boolean'
      ? 'bool'
      : typeof value === 'object'
        ? 'object'
        : typeof value;

export const notAnObject = (value: unknown): string =>
  `json: cannot unmarshal ${goJsonKind(value)} into Go value of type map[string]interface {}`;
