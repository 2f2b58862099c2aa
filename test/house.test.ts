import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { ROOT } from './files.ts';

const root = fileURLToPath(ROOT);
const FLOORS = ['actors', 'machines', 'src'];

/** What takes time or chance from the machine, and so would make a run of a seed differ from the next. */
const IMPURE = [
  /\bDate\b/,
  /\bMath\.random\b/,
  /\bperformance\b/,
  /\bsetTimeout\b/,
  /\bsetInterval\b/,
  /\bsetImmediate\b/,
  /node:crypto/,
  /node:timers/,
];
/** The world of threads, and the one turn of the real event loop that the simulated world lets through. */
const MAY_BE_IMPURE = ['actors/threads/real-time.ts', 'actors/simulated/event-loop.ts'];

function sourcesOf(floor: string): string[] {
  return readdirSync(join(root, floor), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(floor, file));
}

function codeOf(file: string): string {
  const text = readFileSync(join(root, file), 'utf8');
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}

/** The files of the project that a file imports, types included. */
function importsOf(file: string): string[] {
  return [...codeOf(file).matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(([, path]) =>
    relative(root, resolve(root, dirname(file), path!)),
  );
}

/** As above, but only what is needed when the code runs. */
function runtimeImportsOf(file: string): string[] {
  const code = codeOf(file).replace(/(?:import|export) type [^;]*;/g, '');
  return [...code.matchAll(/from\s*'(\.[^']+)'/g)].map(([, path]) =>
    relative(root, resolve(root, dirname(file), path!)),
  );
}

describe('the house', () => {
  it('has imports that go down its floors, never up', () => {
    const up = FLOORS.flatMap((floor, height) =>
      sourcesOf(floor).flatMap((file) =>
        importsOf(file)
          .filter((imported) => FLOORS.indexOf(imported.split('/')[0]!) > height)
          .map((imported) => `${file} imports ${imported}`),
      ),
    );
    expect(up).to.deep.equal([]);
  });

  it('has no circle of imports', () => {
    const circles: string[] = [];
    const done = new Set<string>();
    const walk = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' → '));
      if (done.has(file) || path.includes(file)) return;
      for (const imported of runtimeImportsOf(file)) walk(imported, [...path, file]);
      done.add(file);
    };
    for (const file of FLOORS.flatMap(sourcesOf)) walk(file, []);
    expect(circles).to.deep.equal([]);
  });

  it('takes time and chance from outside in actors/ and machines/', () => {
    const impure = ['actors', 'machines']
      .flatMap(sourcesOf)
      .filter((file) => !MAY_BE_IMPURE.includes(file))
      .flatMap((file) =>
        IMPURE.filter((use) => use.test(codeOf(file))).map((use) => `${file}: ${use.source}`),
      );
    expect(impure).to.deep.equal([]);
  });

  it('lists every error code in docs/errors.md', () => {
    const listed = readFileSync(join(root, 'docs/errors.md'), 'utf8');
    const codes = new Set(
      FLOORS.flatMap(sourcesOf).flatMap((file) => codeOf(file).match(/'SYNOD_[A-Z_]+'/g) ?? []),
    );
    const missing = [...codes]
      .map((code) => code.slice(1, -1))
      .filter((code) => !listed.includes(`\`${code}\``));
    expect(missing).to.deep.equal([]);
  });
});
