import { SynodError } from '../../actors/errors.ts';
import { importModule } from '../../actors/import-module.ts';
import type { Application } from './application.ts';

/** Names an application so that a node's thread can load it: the module that exports it, and its name. */
export interface ApplicationReference {
  readonly name: string;
  readonly module: string;
}

/** Loads applications from their modules. @throws SynodError `SYNOD_UNKNOWN_APPLICATION` when a module does not export it. */
export async function loadApplications(references: readonly ApplicationReference[]): Promise<Application[]> {
  return Promise.all(
    references.map(async ({ name, module }) => {
      const exported = await importModule(module);
      const application = Object.values(exported).find(
        (value) => isApplication(value) && value.name === name,
      );
      if (isApplication(application)) return application;
      throw new SynodError(
        'SYNOD_UNKNOWN_APPLICATION',
        `${module} exports no application named "${name}": set its \`module\` to import.meta.url of the module that exports it`,
      );
    }),
  );
}

function isApplication(value: unknown): value is Application {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    'apply' in value &&
    typeof value.apply === 'function' &&
    'query' in value &&
    typeof value.query === 'function'
  );
}
