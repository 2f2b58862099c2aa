import { scenarios } from '../src/mocha/index.ts';

scenarios(new URL('../fixtures/chat/', import.meta.url));
