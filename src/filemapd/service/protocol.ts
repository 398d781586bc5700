/** What commands ask a running service, a JSON object each, and what it answers. */
import { UsageError } from '../../mapper/errors.ts';
import type { LineAnswer } from '../../system/line-socket.ts';
import {
  type FileRecord,
  type PatternRecord,
  plainFile,
  plainPattern,
  RecordReader,
  readFileRecord,
  readPatternRecord,
} from './records.ts';
import type { FilemapService } from './service.ts';
import { statusOf } from './status.ts';

/** What a command asks. */
export type ServiceRequest =
  | { readonly command: 'follow'; readonly file: FileRecord }
  | { readonly command: 'pattern'; readonly pattern: PatternRecord }
  | { readonly command: 'release'; readonly word: string }
  | { readonly command: 'status' };

/** A request as JSON can hold it. */
export function plainRequest(request: ServiceRequest): unknown {
  switch (request.command) {
    case 'follow':
      return { ...request, file: plainFile(request.file) };
    case 'pattern':
      return { ...request, pattern: plainPattern(request.pattern) };
    default:
      return request;
  }
}

/** Reads what `plainRequest` made. @throws UsageError naming what is wrong */
export function readRequest(value: unknown): ServiceRequest {
  const reader = new RecordReader(value, 'request');
  const command = reader.text('command');
  switch (command) {
    case 'follow':
      return { command, file: readFileRecord(reader.raw('file')) };
    case 'pattern':
      return { command, pattern: readPatternRecord(reader.raw('pattern')) };
    case 'release':
      return { command, word: reader.path('word') };
    case 'status':
      return { command };
    default:
      throw new UsageError(`request: no command "${command}"`);
  }
}

/** Does what was asked, and answers with one line. @throws UsageError and the kernel's refusals, which are the answer */
export async function answerRequest(service: FilemapService, question: unknown, answer: LineAnswer): Promise<void> {
  const request = readRequest(question);
  switch (request.command) {
    case 'follow':
      answer.send({ groupId: await service.follow(request.file) });
      break;
    case 'pattern': {
      const { refused } = await service.addPattern(request.pattern);
      const { files } = await statusOf(service);
      answer.send({ files: files.filter(({ pattern }) => pattern === request.pattern.pattern), refused });
      break;
    }
    case 'release':
      answer.send({ released: await service.release(request.word) });
      break;
    case 'status':
      answer.send(await statusOf(service));
      break;
  }
  answer.end();
}
