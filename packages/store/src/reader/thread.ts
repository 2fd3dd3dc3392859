/** The ledger's reader: a thread of its own, so that a question over a million rows keeps no caller waiting. */
import { parentPort, workerData } from 'node:worker_threads';
import { readDatabase } from '../database.ts';
import { read, type ReadAnswered, type ReadAsked } from './reads.ts';

const db = readDatabase((workerData as { readonly path: string }).path);
parentPort?.on('message', ({ id, name, args }: ReadAsked) => {
  let answered: ReadAnswered;
  try {
    answered = { id, result: read(db, name, args) };
  } catch (error) {
    answered = { id, error: error instanceof Error ? error.message : String(error) };
  }
  parentPort?.postMessage(answered);
});
