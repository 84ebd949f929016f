import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import { refusal } from './readers.ts';

/** Lets everything through: of use in lists of plugins alone. */
export const alwaysAdmit = (): AdmissionPlugin => ({ name: 'AlwaysAdmit', handles: () => false });

/** Refuses whatever would change something, for tests. */
export function alwaysDeny(): AdmissionPlugin {
  const deny = (request: AdmissionRequest) => {
    throw refusal(request, 'admission control is denying all modifications');
  };
  return { name: 'AlwaysDeny', handles: () => true, admit: deny, validate: deny };
}
