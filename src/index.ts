export * from './backup-source';
export * from './backup-trigger';
export * from './fsx-backup';
export * from './fsx-backup-provider';
export * from './fsx-final-backup';
