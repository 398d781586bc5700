import type { Recording } from './recording.ts';
export function drawPicture(_recording: Recording): string { return ''; }
