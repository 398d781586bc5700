/** The lab itself failed, not the command it ran. The message is one line and says what to do. */
export class LabError extends Error {
  override readonly name = 'LabError';
}
