import { type Secret, type ServiceAccount, secrets, serviceaccounts } from '../../api/core/v1.gen.ts';
import { isNotFound, isReason } from '../../api/errors.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { startReconciler } from '../shared/start.ts';

const TYPE = 'kubernetes.io/service-account-token';
const NAME = 'kubernetes.io/service-account.name';
const UID = 'kubernetes.io/service-account.uid';

/**
 * Fills secrets of type kubernetes.io/service-account-token with a token that does not end, and deletes them with the
 * account that they name. Nothing happens where nobody can sign (`legacyToken`).
 * https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#token-controller
 */
export function startServiceAccountTokensController(context: ControllerContext): ControllerHandle {
  const { client, legacyToken, rootCA } = context;
  if (!legacyToken) return { stop: async () => {} };
  const accounts = context.informers.informer(serviceaccounts);
  const informer = context.informers.informer(secrets);

  /** The account that a secret names, if it is still the same. */
  const accountOf = async ({ metadata }: Secret): Promise<ServiceAccount | undefined> => {
    const { [NAME]: name = '', [UID]: uid = '' } = metadata.annotations ?? {};
    const namespace = metadata.namespace ?? '';
    const fits = (account: ServiceAccount | undefined) =>
      account && (uid === '' || uid === account.metadata.uid) ? account : undefined;
    const known = fits(accounts.store.get(namespace, name));
    if (known) return known;
    try {
      return fits(await client.resource(serviceaccounts).get(namespace, name));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  };

  const fill = async (secret: Secret, account: ServiceAccount): Promise<void> => {
    const { data = {}, metadata } = secret;
    const namespace = metadata.namespace ?? '';
    const ca = rootCA ? Buffer.from(rootCA.current()).toString('base64') : undefined;
    const missing = {
      ...(ca !== undefined && ca !== data['ca.crt'] && { 'ca.crt': ca }),
      ...(!data.namespace && { namespace: Buffer.from(namespace).toString('base64') }),
      ...(!data.token && {
        token: Buffer.from(
          legacyToken(namespace, { name: account.metadata.name, uid: account.metadata.uid }, metadata.name),
        ).toString('base64'),
      }),
    };
    if (Object.keys(missing).length === 0) return;
    const annotations = { ...metadata.annotations, [NAME]: account.metadata.name, [UID]: account.metadata.uid };
    const filled = { ...secret, metadata: { ...metadata, annotations }, data: { ...data, ...missing } };
    await client.resource(secrets).update(filled);
  };

  const reconcile = async (key: string): Promise<void> => {
    const [namespace = '', name = ''] = key.split('/');
    const secret = informer.store.get(namespace, name);
    if (secret?.type !== TYPE || secret.metadata.deletionTimestamp !== undefined) return;
    try {
      const account = await accountOf(secret);
      if (account) await fill(secret, account);
      else await client.resource(secrets).delete(namespace, name, { preconditions: { uid: secret.metadata.uid } });
    } catch (error) {
      // Gone, or changed meanwhile: then there is an event to come.
      if (!isNotFound(error) && !isReason(error, 'Conflict')) throw error;
    }
  };

  return startReconciler(context, {
    name: 'serviceaccount_tokens_secret',
    workers: 2,
    waitFor: [accounts, informer],
    observe: (queue) => {
      const add = ({ type, metadata }: Secret) => {
        if (type === TYPE) queue.add(`${metadata.namespace}/${metadata.name}`);
      };
      const addAll = (namespace: string, account: string) => {
        for (const secret of informer.store.list(namespace))
          if (secret.metadata.annotations?.[NAME] === account) add(secret);
      };
      return [
        informer.addHandler({ onAdd: add, onUpdate: (_, secret) => add(secret) }),
        accounts.addHandler({
          onDelete: ({ metadata }) => addAll(metadata.namespace ?? '', metadata.name),
        }),
      ];
    },
    reconcile,
  });
}
