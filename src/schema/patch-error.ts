/**
 * A patch that cannot be applied. What the client is told depends on whose fault it is:
 *  - 'bad': the patch is not well formed (400, with the message);
 *  - 'too large': the patch has more operations than a server takes (413, with the message);
 *  - 'unprocessable': it does not apply to this object (422; Kubernetes keeps the message to itself);
 *  - 'internal': Kubernetes answers these with 500 and the message.
 */
export class PatchError extends Error {
  readonly fault: 'bad' | 'too large' | 'unprocessable' | 'internal';

  constructor(fault: 'bad' | 'too large' | 'unprocessable' | 'internal', message: string) {
    super(message);
    this.name = 'PatchError';
    this.fault = fault;
  }
}
