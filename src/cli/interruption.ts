/** By convention, 128 and the number of the signal. */
const STATUS_BY_SIGNAL = { SIGINT: 130, SIGTERM: 143 } as const;
type Interruption = keyof typeof STATUS_BY_SIGNAL;

/**
 * Runs `work` and ends it cleanly when the process is told to end: its signal is aborted, and once it has let go
 * of everything the status is that of the interruption. A second interruption ends the process at once.
 */
export async function interruptible(work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const controller = new AbortController();
  let interruption: Interruption | undefined;
  const interrupt = (name: Interruption) => {
    if (interruption !== undefined) process.exit(STATUS_BY_SIGNAL[name]);
    interruption = name;
    controller.abort(new Error(`interrupted by ${name}`));
  };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const name of signals) process.on(name, interrupt);
  try {
    const status = await work(controller.signal);
    return interruption === undefined ? status : STATUS_BY_SIGNAL[interruption];
  } catch (error) {
    if (interruption === undefined) throw error;
    return STATUS_BY_SIGNAL[interruption];
  } finally {
    for (const name of signals) process.off(name, interrupt);
  }
}
