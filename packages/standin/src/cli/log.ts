import { inspect } from 'node:util';
import type { Log, LogLevel } from '@standin/core/spec/log';
import type { Output } from './output.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export const LOG_FORMATS = ['human', 'logfmt', 'json'] as const;
export type LogThreshold = (typeof LOG_LEVELS)[number];
export type LogFormat = (typeof LOG_FORMATS)[number];
export type Redact = (text: string) => string;

/** Takes one line: fixed words, and fields without secrets. */
export type LineSink = (level: LogLevel, message: string, fields: Readonly<Record<string, unknown>>) => void;

export interface Logger {
  readonly log: Log;
  /** Called once the config is read: from then on no configured secret can be printed. */
  redactWith(redact: Redact): void;
  /** Lines go there instead of stderr, at the same threshold and with secrets taken out. */
  writeWith(sink: LineSink | undefined): void;
  redact(text: string): string;
  redactDeep(value: unknown): unknown;
}

/** The same value with every string in it redacted, so that a cut or a removal never breaks the form around it. */
export function redactDeep(value: unknown, redact: Redact): unknown {
  if (typeof value === 'string') return redactLines(value, redact);
  if (Array.isArray(value)) return value.map((item) => redactDeep(item, redact));
  if (value instanceof Error) return redactLines(value.message, redact);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  const plain: unknown = 'toJSON' in value && typeof value.toJSON === 'function' ? value.toJSON() : value;
  if (typeof plain !== 'object' || plain === null) return redactDeep(plain, redact);
  return Object.fromEntries(Object.entries(plain).map(([name, child]) => [name, redactDeep(child, redact)]));
}

/** Line by line: a redactor may shorten what it is given, and a list of attempts must stay whole. */
function redactLines(text: string, redact: Redact): string {
  return text.includes('\n') ? text.split('\n').map(redact).join('\n') : redact(text);
}

/** A field's value on one line; quoted only where it must be. */
function fieldText(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? inspect(value));
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}

type Fields = Readonly<Record<string, unknown>>;

const fieldsText = (fields: Fields): string =>
  Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${fieldText(value)}`)
    .join('');

function humanLine(at: Date, level: LogLevel, message: string, fields: Fields, output: Output): string {
  const style = output.errorStyle;
  const tint = { debug: style.dim, info: style.green, warn: style.yellow, error: style.red }[level];
  return `${style.dim(at.toTimeString().slice(0, 8))} ${tint(level.padEnd(5))} ${message}${style.dim(fieldsText(fields))}`;
}

/** Log lines on stderr: for people on a terminal, logfmt or JSON lines elsewhere. Every line passes the redactor. */
export function createLogger(options: {
  readonly output: Output;
  readonly level: LogThreshold;
  readonly format?: LogFormat;
}): Logger {
  const { output } = options;
  const format = options.format ?? (output.err.isTTY === true ? 'human' : 'logfmt');
  const threshold = LOG_LEVELS.indexOf(options.level);
  let redact: Redact = (text) => text;
  let sink: LineSink | undefined;
  const line = (level: LogLevel, message: string, fields: Fields): string => {
    const at = new Date();
    if (format === 'json') return JSON.stringify({ time: at.toISOString(), level, message, ...fields });
    if (format === 'human') return humanLine(at, level, message, fields, output);
    return `time=${at.toISOString()} level=${level} message=${fieldText(message)}${fieldsText(fields)}`;
  };
  return {
    log: (level, message, fields = {}) => {
      if (LOG_LEVELS.indexOf(level) < threshold) return;
      const words = redactLines(message, redact);
      const safe = redactDeep(fields, redact) as Fields;
      if (sink === undefined) output.note(line(level, words, safe));
      else sink(level, words, safe);
    },
    redactWith: (next) => void (redact = next),
    writeWith: (next) => void (sink = next),
    redact: (text) => redactLines(text, redact),
    redactDeep: (value) => redactDeep(value, redact),
  };
}
