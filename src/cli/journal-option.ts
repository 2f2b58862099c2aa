import { Option } from 'commander';
import { JOURNAL_KINDS } from '../../actors/memory.ts';

/** `--journal`, for every command that starts a cluster. */
export function journalOption(): Option {
  return new Option(
    '--journal <kind>',
    'where nodes keep what they must remember: on disk, or in their memory',
  )
    .choices(JOURNAL_KINDS)
    .default('lmdb');
}
