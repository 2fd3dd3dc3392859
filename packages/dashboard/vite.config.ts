import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** Where `npm run dev -w packages/dashboard` finds a gateway (`npm start`, or `npm run fake` with API=http://127.0.0.1:8790). */
const gateway = { target: process.env['API'] ?? 'http://127.0.0.1:8787', changeOrigin: true };

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  server: { host: '127.0.0.1', proxy: { '/api': gateway, '/v1': gateway } },
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
