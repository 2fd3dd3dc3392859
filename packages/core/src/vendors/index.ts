export * from './row.ts';
export * from './endpoint-types.ts';
export * from './lookup.ts';
export * from './endpoint.ts';
export * from './url.ts';
export * from './quirks.ts';
export { classifyVendorError, type ClassifyOptions, type WaitHintInput } from './classify/classify.ts';
export { classifyTransportError, type TransportVerdict } from './classify/transport.ts';
export { requestIdOf } from './classify/headers.ts';
