export * from './backup-source';
export * from './fsx-backup';
export * from './fsx-backup-provider';
