/** The test asks for what cannot be: a mistake in the test, never an answer of the simulated kernel. */
export class SimulatorError extends Error {
  override readonly name = 'SimulatorError';
}

/** The simulated kernel says no: becomes a `SystemError` with the call's name on the way out. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly errno: number;

  constructor(errno: number) {
    super(`errno ${errno}`);
    this.errno = errno;
  }
}
