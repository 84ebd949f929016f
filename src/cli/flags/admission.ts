import type { Command } from 'commander';
import { parseCount } from '../usage-error.ts';
import { listOption } from './values.ts';

/** kube-apiserver's flags about what may be: AdmissionFlags of the API server. */
export function addAdmissionFlags(command: Command): Command {
  return command
    .optionsGroup('Admission:')
    .addOption(listOption('--enable-admission-plugins <list>', 'plugins to use beside those that are on by themselves'))
    .addOption(listOption('--disable-admission-plugins <list>', 'plugins not to use'))
    .option('--admission-control-config-file <file>', 'an AdmissionConfiguration: what plugins are told')
    .option(
      '--default-not-ready-toleration-seconds <seconds>',
      'how long pods stay on a node that is not ready, unless they say otherwise (300)',
      parseCount,
    )
    .option(
      '--default-unreachable-toleration-seconds <seconds>',
      'the same for a node that is not reachable (300)',
      parseCount,
    );
}
