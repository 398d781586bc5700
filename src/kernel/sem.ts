import { i16, struct, u16 } from './struct.ts';

/** `struct sembuf`: one operation on one semaphore of a set. Source: include/uapi/linux/sem.h. */
export const SemBuf = struct('sembuf', { num: u16, op: i16, flags: i16 });

/** Flags of `semget` and `semop` (include/uapi/linux/ipc.h). */
export const IPC = { CREAT: 0o1000, EXCL: 0o2000, NOWAIT: 0o4000 } as const;

/** Commands of `semctl` (include/uapi/linux/ipc.h and sem.h). */
export const SEMCTL = { IPC_RMID: 0, GETVAL: 12, SETVAL: 16 } as const;
