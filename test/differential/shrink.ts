/**
 * Makes a failing sequence short: parts are left out, ever smaller ones, as long as the rest still fails.
 *
 * @param fails whether a sequence fails; the given one does
 */
export async function shrink<T>(sequence: readonly T[], fails: (part: readonly T[]) => Promise<boolean>): Promise<T[]> {
  let shortest = [...sequence];
  for (let part = Math.ceil(shortest.length / 2); part >= 1; part = part === 1 ? 0 : Math.ceil(part / 2)) {
    for (let at = 0; at < shortest.length; ) {
      const rest = [...shortest.slice(0, at), ...shortest.slice(at + part)];
      if (await fails(rest)) shortest = rest;
      else at += part;
    }
  }
  return shortest;
}
