/**
 * The page's files, from memory.
 *
 * Invariant: what is served is this list, read once; no path of a request's ever reaches the file system.
 */
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { ArgumentError } from '../../base/errors.js';

const FILES = [
  ['/', 'index.html', 'text/html; charset=utf-8'],
  ['/app.js', 'app.js', 'text/javascript; charset=utf-8'],
  ['/app.css', 'app.css', 'text/css; charset=utf-8'],
] as const;

interface PageFile {
  readonly type: string;
  readonly plain: Buffer;
  readonly compressed: Buffer;
}

export type PageFiles = ReadonlyMap<string, PageFile>;

/** Reads the built page. Rejects with ArgumentError if it isn't there. */
export async function readPage(folder: string): Promise<PageFiles> {
  try {
    const read = async ([path, name, type]: (typeof FILES)[number]): Promise<[string, PageFile]> => {
      const [plain, compressed] = await Promise.all([readFile(join(folder, name)), readFile(join(folder, `${name}.gz`))]);
      return [path, { type, plain, compressed }];
    };
    return new Map(await Promise.all(FILES.map(read)));
  } catch (error) {
    throw new ArgumentError(`the page is not in ${folder} (${String(error)}), expected it to be built: npm run build`);
  }
}

/** Answers a request for a file, or says that there is none. */
export function servePage(files: PageFiles, request: IncomingMessage, response: ServerResponse): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end();
    return;
  }
  const [path = ''] = (request.url ?? '').split('?');
  const file = files.get(path);
  if (file === undefined) {
    response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('There is no such page.\n');
    return;
  }
  const isCompressed = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  const body = isCompressed ? file.compressed : file.plain;
  response.writeHead(200, {
    'content-type': file.type,
    'content-length': body.length,
    vary: 'accept-encoding',
    ...(isCompressed && { 'content-encoding': 'gzip' }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}
