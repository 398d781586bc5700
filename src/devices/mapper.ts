import type { DeviceMapper } from '../mapper/device-mapper.ts';

/** What this room asks of device-mapper. */
export type Mapper = Pick<
  DeviceMapper,
  | 'info'
  | 'create'
  | 'load'
  | 'clear'
  | 'suspend'
  | 'resume'
  | 'table'
  | 'status'
  | 'remove'
  | 'rename'
  | 'message'
  | 'dependencies'
>;
