import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** `npm run dev -w packages/dashboard` serves the pages with made-up data, or with a gateway's when API says where it is. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2024',
    outDir: 'dist',
    emptyOutDir: true,
    // A data: address in CSS or HTML would need a wider content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
