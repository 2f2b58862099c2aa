/** What an application, or a replica for it, gives in place of a result or an answer: the code of the reason. */
interface Refusal {
  readonly refused: `SYNOD_${string}`;
}

/** Whether a result or an answer says that nothing was done. Data of an application may look alike, but for the code. */
export function isRefusal(value: unknown): value is Refusal {
  return (
    typeof value === 'object' &&
    value !== null &&
    'refused' in value &&
    typeof value.refused === 'string' &&
    value.refused.startsWith('SYNOD_')
  );
}
