import type { JournalKind } from '../../actors/memory.ts';
import type { ChatServiceClient } from '../chat-service.ts';
import type { Chatroom } from '../chatroom.ts';
import type { ScriptStore } from './shared-commands.ts';

/** A client of the chat room, as a script sees it. */
export interface ChatMember {
  readonly room: Omit<Chatroom, keyof AsyncDisposable>;
  readonly store: ScriptStore;
}

/** A cluster that runs the chat room, as a script sees it. */
export interface ChatSystem extends AsyncDisposable {
  join(sender: string): Promise<ChatMember>;
  /** A client that is no member of the room. */
  client(): Promise<ChatServiceClient>;
  crash(server: number): Promise<void>;
  restart(server: number): Promise<void>;
  disconnect(serverA: number, serverB: number): Promise<void>;
  connect(serverA: number, serverB: number): Promise<void>;
  /** Returns without effect where nobody leads, nor can. */
  crashLeaderAfter(messages: number): Promise<void>;
  hasQuorum(): boolean;
  /** Resolves when every live replica that can has applied all that was proposed, or nothing more can happen. */
  settled(): Promise<void>;
  describe(): Promise<string>;
}

/** What a system for a script is to be. */
export interface ChatSystemOptions {
  readonly servers: number;
  /** The folder for its data; it exists and is empty. */
  readonly dataDir: string;
  readonly journal: JournalKind;
  /** The file for a trace of what its nodes do. */
  readonly trace?: string | undefined;
  /** A server has ended by itself. */
  warn(error: Error): void;
}

/** Starts a system for a script; resolves when its servers and clients can talk. */
export type OpenChatSystem = (options: ChatSystemOptions) => Promise<ChatSystem>;
