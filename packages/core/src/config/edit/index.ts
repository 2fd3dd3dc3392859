export {
  aliasPath,
  editConfigFile,
  isListPath,
  renaming,
  setting,
  tryEdit,
  unsetting,
  type EditOutcome,
  type TextChange,
} from './edit-config.ts';
export { EditError, renameToml, setToml, unsetToml, type SetOptions } from './toml-edit.ts';
export { insertTable } from './toml-insert.ts';
export { withFileLock } from './file-lock.ts';
export { writeWhole } from './write-whole.ts';
