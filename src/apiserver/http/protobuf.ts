import { errors } from '../../api/errors.ts';
import type { Status } from '../../api/meta/v1.gen.ts';
import type { ServedResource, Stored, StoredList, Target, WatchEventType } from '../core.ts';
import { mediaTypes, type Representation } from './negotiate.ts';

export function encodeObject(_at: Target, _stored: Stored, _rep: Representation): Buffer {
  throw errors.notAcceptable(mediaTypes);
}
export function encodeList(_list: StoredList, _rep: Representation): Buffer {
  throw errors.notAcceptable(mediaTypes);
}
export function protobufFrame(_r: ServedResource, _rep: Representation, _t: WatchEventType, _s: Stored): Buffer {
  throw errors.notAcceptable(mediaTypes);
}
export function protobufError(_s: Status): Buffer {
  throw errors.notAcceptable(mediaTypes);
}
export function decodeProtobuf(_b: Buffer): unknown {
  throw errors.unsupportedMediaType(mediaTypes);
}
