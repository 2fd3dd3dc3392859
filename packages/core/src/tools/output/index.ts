export { createOutputGuard, type OutputGuard, type OutputGuardOptions, type OutputReader } from './guard.ts';
export { jsonIn } from './extract.ts';
export { instructOutput, isEnforced, type StructuredFormat, type StructuredSupport } from './instruct.ts';
export { createToolFormReader, toolFormOf, type ToolForm } from './tool-form.ts';
