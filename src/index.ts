export * from './backup-source';
export * from './backup-trigger';
export * from './fsx-backup';
export * from './fsx-backup-action';
export * from './fsx-backup-provider';
export * from './fsx-backup-step';
export * from './fsx-final-backup';
