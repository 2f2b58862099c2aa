import { readFileSync } from 'node:fs';

/** The version of this package; `unknown` where its `package.json` is not where it should be. */
export function versionOfPackage(): string {
  // Source and build lie at different depths below the package.
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const content: unknown = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
      if (typeof content === 'object' && content !== null && 'version' in content)
        return String(content.version);
    } catch {
      // Not at this depth.
    }
  }
  return 'unknown';
}
