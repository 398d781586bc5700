/** The lab itself failed, not the command it ran. The message is one line and says what to do. */
export class LabError extends Error {
  override readonly name: string = 'LabError';
}

/** The command ran longer than it was allowed to, and was ended. */
export class TimeLimitError extends LabError {
  override readonly name = 'TimeLimitError';

  constructor(consequence = '') {
    super(`the time limit was reached${consequence}`);
  }
}
