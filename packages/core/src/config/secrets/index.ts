export { createSecretOpener, keyFilePaths, type Opened, type OpenerOptions, type SecretOpener } from './opener.ts';
export { seal, sealedKind, SEALED_NAMES, type SealedKind } from './sealed.ts';
export { sealingKey, type SealingKey } from './sealing-key.ts';
export {
  createKeyFile,
  KEY_FILE,
  PREVIOUS_KEY_FILE,
  quoted,
  readKeyFile,
  type KeyFile,
  type Refusal,
} from './key-file.ts';
export { rotateKey, type Rotation } from './rotate.ts';
