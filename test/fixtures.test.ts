// As a user has it, from the built package: node threads start quicker than from the sources.
import { scenarios } from 'synod/mocha';

scenarios(new URL('../fixtures/chat/', import.meta.url));
scenarios(new URL('../fixtures/chat-service/', import.meta.url));
