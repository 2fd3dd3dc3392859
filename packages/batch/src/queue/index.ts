/** Batches over many machines. Apart from the package's index: only who uses a queue loads BullMQ and its Redis client. */
export { Collector, type CollectorOptions } from './collector.ts';
export { connectQueue, queueAddress, type OutageListener, type QueueAddress } from './connect.ts';
export { startBatchWorker, type BatchWorker, type BatchWorkerOptions } from './worker.ts';
