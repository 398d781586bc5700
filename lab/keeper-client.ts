export async function askKeeper(_r: unknown, _o: unknown): Promise<number> { throw new Error('todo'); }
export async function startKeeper(_r: unknown): Promise<void> { throw new Error('todo'); }
