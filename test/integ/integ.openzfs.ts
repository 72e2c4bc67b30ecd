import { Tags } from 'aws-cdk-lib';
import { liveStack, openZfsIn } from './live-app';
import { oneBackupOf } from './one-backup';
import { BackupSource } from '../../src';

/* With CopyTagsToBackups, which FSx ignores as soon as a request carries a tag. */
const stack = liveStack('openzfs');
const fileSystem = openZfsIn(stack, { copyTagsToBackups: true });
Tags.of(fileSystem).add('data', 'projects');
oneBackupOf(stack, BackupSource.of(fileSystem), fileSystem, { data: 'projects' });
