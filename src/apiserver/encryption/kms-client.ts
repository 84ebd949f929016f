import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import type { MessageTypeDefinition, MethodDefinition } from '@grpc/proto-loader';
import { loadProto } from '../../utils/proto.ts';

/** The plugin's interface, k8s.io/kms/apis/v2/api.proto, and how values that it guards are stored. */
const proto = `
service KeyManagementService {
  rpc Status(StatusRequest) returns (StatusResponse);
  rpc Decrypt(DecryptRequest) returns (DecryptResponse);
  rpc Encrypt(EncryptRequest) returns (EncryptResponse);
}
message StatusRequest {}
message StatusResponse { string version = 1; string healthz = 2; string key_id = 3; }
message DecryptRequest { bytes ciphertext = 1; string uid = 2; string key_id = 3; map<string, bytes> annotations = 4; }
message DecryptResponse { bytes plaintext = 1; }
message EncryptRequest { bytes plaintext = 1; string uid = 2; }
message EncryptResponse { bytes ciphertext = 1; string key_id = 2; map<string, bytes> annotations = 3; }
message EncryptedObject {
  bytes encrypted_data = 1;
  string key_id = 2;
  bytes encrypted_dek_source = 3;
  map<string, bytes> annotations = 4;
  int32 encrypted_dek_source_type = 5;
}`;

export const kmsProto = loadProto('v2', proto);

type Annotations = Readonly<Record<string, Buffer>>;

export interface KmsStatus {
  readonly version: string;
  /** "ok", or why the plugin is not well. */
  readonly healthz: string;
  /** Of the key that encrypts at present. */
  readonly keyId: string;
}

/** What the plugin made of a secret of ours, and what it wants to see again to open it. */
export interface Wrapped {
  readonly ciphertext: Buffer;
  readonly keyId: string;
  readonly annotations: Annotations;
}

/** A value as it is stored: encrypted with a key that only the plugin can unwrap. */
export interface EncryptedObject {
  readonly encryptedData: Buffer;
  readonly keyId: string;
  readonly encryptedDekSource: Buffer;
  readonly annotations: Annotations;
  /** 0: the wrapped secret is the key itself, 1: it is the seed of keys. */
  readonly encryptedDekSourceType: number;
}

// proto-loader types services and messages as one union.
const message = kmsProto['v2.EncryptedObject'] as MessageTypeDefinition<EncryptedObject, EncryptedObject>;
const methods = kmsProto['v2.KeyManagementService'] as unknown as Readonly<
  Record<string, MethodDefinition<object, object>>
>;

export const encodeEncryptedObject = (object: EncryptedObject): Buffer => message.serialize(object);

/** Throws for what is no protobuf. */
export const decodeEncryptedObject = (data: Buffer): EncryptedObject => message.deserialize(data);

/** A KMS v2 plugin, asked over gRPC on a UNIX socket. https://kubernetes.io/docs/tasks/administer-cluster/kms-provider/ */
export class KmsClient {
  readonly #channel: Client;
  readonly #timeoutMs: number;

  /** `endpoint`: "unix:///path". */
  constructor(endpoint: string, timeoutMs: number) {
    this.#channel = new Client(endpoint, credentials.createInsecure());
    this.#timeoutMs = timeoutMs;
  }

  status(): Promise<KmsStatus> {
    return this.#call('Status', {});
  }

  encrypt(plaintext: Buffer, uid: string): Promise<Wrapped> {
    return this.#call('Encrypt', { plaintext, uid });
  }

  async decrypt(wrapped: Wrapped, uid: string): Promise<Buffer> {
    return (await this.#call<{ plaintext: Buffer }>('Decrypt', { ...wrapped, uid })).plaintext;
  }

  close(): void {
    this.#channel.close();
  }

  #call<R>(name: string, request: object): Promise<R> {
    const method = methods[name];
    if (!method) throw new Error(`${name} is no method of a KMS plugin`);
    return new Promise((resolve, reject) => {
      this.#channel.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        // A plugin that is about to come up is worth the time of the call.
        new Metadata({ waitForReady: true }),
        { deadline: Date.now() + this.#timeoutMs },
        // The schema above makes the answer.
        (error: ServiceError | null, answer?: object) => (error ? reject(error) : resolve(answer as R)),
      );
    });
  }
}
