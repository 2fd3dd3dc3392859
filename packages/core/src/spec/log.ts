export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Structured log: a fixed message and fields. Silent unless the application passes one in. */
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void;

export const silentLog: Log = () => {};
