import { readFileSync } from 'node:fs';

/** A file of the page. */
export interface Asset {
  readonly mediaType: string;
  readonly body: Buffer;
}

const FILES: Readonly<Record<string, readonly [file: string, mediaType: string]>> = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/page.js': ['page.js', 'text/javascript; charset=utf-8'],
  '/page.css': ['page.css', 'text/css; charset=utf-8'],
  '/icon.svg': ['icon.svg', 'image/svg+xml'],
};

// The page's folder from the bundled command (dist/bin) and from the modules (dist/src/dashboard).
const PLACES = ['../page/', '../../page/'];

/** Reads the page's files, by the path under which they are served. @throws Error when the package is not whole */
export function loadAssets(): ReadonlyMap<string, Asset> {
  const errors: unknown[] = [];
  for (const place of PLACES) {
    try {
      return new Map(
        Object.entries(FILES).map(([path, [file, mediaType]]) => {
          return [path, { mediaType, body: readFileSync(new URL(place + file, import.meta.url)) }];
        }),
      );
    } catch (error) {
      errors.push(error);
    }
  }
  throw new AggregateError(errors, "the page's files are missing: build or install the package again");
}
