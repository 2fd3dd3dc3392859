export * from '@standin/core';
