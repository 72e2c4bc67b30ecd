import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { App, CfnElement, CfnOutput, Duration, Fn, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import * as fsx from 'aws-cdk-lib/aws-fsx';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import { type AppModel, type BackupModel, BACKUPS, type SourceModel, SOURCES } from './model';
import { Origins, type Values } from './origins';
import type { Template } from '../../sandbox';
import {
  BackupSource,
  BackupTrigger,
  FsxBackup,
  type FsxBackupOptions,
  FsxBackupProvider,
  FsxFinalBackup,
  FsxProtection,
} from '../../src';

/** Which resources must not be changed before a backup is AVAILABLE, by their logical ids. */
export interface Guard {
  readonly backup: string;
  readonly guarded: string;
  /** It backs up what it guards. */
  readonly isOfGuarded: boolean;
}

export interface Synthesized {
  readonly template: Template;
  readonly guards: readonly Guard[];
  /** logical id of the file system or volume, by the name of the source */
  readonly sources: Readonly<Record<string, string>>;
  readonly values: Values;
}

const HANDLER = resolve(__dirname, '../../assets/lambda/handler');

/** The directory of the only asset there is. */
export const assets = () => HANDLER;

interface DefinedSource {
  readonly resource: fsx.CfnFileSystem | fsx.CfnVolume;
  readonly source: BackupSource;
}

/** Synthesize the app, in which `deployment` is the number of the deployment: bystanders change with it. */
export function synthesize(model: AppModel, deployment: number): Synthesized {
  const outdir = mkdtempSync(join(tmpdir(), 'properties-'));
  try {
    const app = new App({
      outdir,
      analyticsReporting: false,
      treeMetadata: false,
      stackTraces: false,
      context: { 'aws:cdk:disable-asset-staging': true },
    });
    const stack = new Stack(app, 'Files');
    const defined = define(stack, model, deployment);
    if (model.protection !== 'none') {
      FsxProtection.of(stack).add({ keepLast: model.protection === 'keepLast 1' ? 1 : undefined });
    }
    const { template } = app.synth().getStackByName('Files');
    const guards = [...defined.guards, ...guardsOfProtection(stack)];
    return { template, ...JSON.parse(JSON.stringify(stack.resolve({ ...defined, guards }))) };
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

function define(stack: Stack, model: AppModel, deployment: number): Omit<Synthesized, 'template'> {
  const origins = new Origins(stack, model.origin);
  const provider = new FsxBackupProvider(stack, 'Provider');
  void provider.stateMachine; // that others may start
  const sources = model.sources.map((source, at) =>
    source.isDefined ? defineSource(stack, SOURCES[at], source, provider, origins) : undefined,
  );
  const service = parameter(stack, 'Service', origins.value('Version', `${model.service}`));
  const image = parameter(stack, 'Image', model.value);
  const beside = parameter(stack, 'Beside', `${deployment}`);
  const after = parameter(stack, 'After', `${deployment}`);
  after.addDependency(service);
  const guards: Guard[] = [];

  for (const [at, backup] of model.backups.entries()) {
    const source = sources[backup.source % sources.length];
    if (!backup.isDefined || !source) continue;
    const values = { value: model.value, token: image.attrValue };
    const construct = defineBackup(stack, BACKUPS[at], backup, source, service, values, provider);
    const logicalId = logicalIdOf(construct);
    if (backup.isGuard) {
      guards.push({ backup: logicalId, guarded: source.resource.logicalId, isOfGuarded: true });
    }
    const isTriggered = backup.triggers === 'service' || backup.triggers === 'both';
    if (isTriggered && backup.isBeforeService) {
      guards.push({ backup: logicalId, guarded: service.logicalId, isOfGuarded: false });
    }
    after.node.addDependency(construct);
    after.description = `${after.description ?? ''} ${construct.backupId}`;
    new CfnOutput(stack, `${BACKUPS[at]}Id`, { value: construct.backupId });
  }
  for (const source of sources) if (source) beside.addDependency(source.resource);
  const defined = Object.fromEntries(
    sources.flatMap((source, at) => (source ? [[SOURCES[at], source.resource.logicalId]] : [])),
  );
  return {
    guards,
    sources: defined,
    values: origins.values,
  };
}

function logicalIdOf(backup: Construct): string {
  return Stack.of(backup).getLogicalId(backup.node.findChild('Resource').node.defaultChild as CfnElement);
}

/** Those that were added when the app was synthesized. */
function guardsOfProtection(stack: Stack): Guard[] {
  const places = stack.node.tryFindChild('FsxProtection')?.node.children ?? [];
  return places.flatMap(({ node }) => {
    const backup = node.tryFindChild('BeforeChange') as FsxBackup | undefined;
    const { logicalId: guarded } = stack.node.findChild(node.id) as CfnElement;
    return backup ? [{ backup: logicalIdOf(backup), guarded, isOfGuarded: true }] : [];
  });
}

function parameter(stack: Stack, id: string, value: string): ssm.CfnParameter {
  return new ssm.CfnParameter(stack, id, { type: 'String', value });
}

function defineBackup(
  stack: Stack,
  id: string,
  model: BackupModel,
  { resource, source }: DefinedSource,
  service: Construct,
  values: { readonly value: string; readonly token: string },
  provider: FsxBackupProvider,
): FsxBackup {
  const options: FsxBackupOptions = {
    provider,
    timeout: Duration.minutes(model.minutes),
    removalPolicy: model.removal === 'DESTROY' ? RemovalPolicy.DESTROY : undefined,
    keepLast: model.removal.startsWith('keepLast') ? Number(model.removal.slice(9)) : undefined,
    triggers: [
      ...(model.triggers === 'service' || model.triggers === 'both'
        ? [BackupTrigger.onChangeOf(service)]
        : []),
      ...(model.triggers === 'value' || model.triggers === 'both'
        ? [BackupTrigger.onValue(values.value)]
        : []),
      ...(model.triggers === 'token' ? [BackupTrigger.onValue(values.token)] : []),
    ],
    executeBefore: model.isBeforeService ? [service] : [],
  };
  const backup = model.isGuard
    ? FsxBackup.beforeChangeOf(stack, id, resource, options)
    : new FsxBackup(stack, id, { ...options, source });
  Tags.of(backup).add('team', model.team);
  return backup;
}

function defineSource(
  stack: Stack,
  id: string,
  model: SourceModel,
  provider: FsxBackupProvider,
  origins: Origins,
): DefinedSource {
  const key = origins.value(`${id}Key`, `${model.key}`);
  const kmsKeyId = Fn.join('', ['arn:aws:kms:us-east-1:123456789012:key/', key]);
  const defined =
    model.kind === 'ONTAP'
      ? defineVolume(stack, id, model, kmsKeyId)
      : defineFileSystem(stack, id, model, kmsKeyId);
  if (model.hasFinalBackup) new FsxFinalBackup(stack, `${id}Final`, { source: defined.source, provider });
  return defined;
}

function defineFileSystem(
  stack: Stack,
  id: string,
  { kind, size, tag, copiesTags: copyTagsToBackups }: SourceModel,
  kmsKeyId: string,
): DefinedSource {
  const resource = new fsx.CfnFileSystem(stack, id, {
    fileSystemType: kind,
    subnetIds: ['subnet-0123456789abcdef0'],
    storageCapacity: 1200,
    kmsKeyId,
    tags: [{ key: 'data', value: tag }],
    ...(kind === 'WINDOWS' && {
      windowsConfiguration: {
        throughputCapacity: 32 * size,
        activeDirectoryId: 'd-1234abcd12',
        copyTagsToBackups,
      },
    }),
    ...(kind === 'LUSTRE' && {
      lustreConfiguration: {
        deploymentType: 'PERSISTENT_2',
        perUnitStorageThroughput: 125 * size,
        copyTagsToBackups,
      },
    }),
    ...(kind === 'OPENZFS' && {
      openZfsConfiguration: {
        deploymentType: 'SINGLE_AZ_1',
        throughputCapacity: 64 * size,
        copyTagsToBackups,
      },
    }),
  });
  return { resource, source: BackupSource.of(resource) };
}

function defineVolume(
  stack: Stack,
  id: string,
  { size, tag, copiesTags }: SourceModel,
  kmsKeyId: string,
): DefinedSource {
  const fileSystem = new fsx.CfnFileSystem(stack, `${id}FileSystem`, {
    fileSystemType: 'ONTAP',
    subnetIds: ['subnet-0123456789abcdef0'],
    storageCapacity: 1200,
    kmsKeyId,
    ontapConfiguration: { deploymentType: 'SINGLE_AZ_1', throughputCapacity: 128 },
  });
  const machine = new fsx.CfnStorageVirtualMachine(stack, `${id}Machine`, {
    fileSystemId: fileSystem.ref,
    name: 'svm',
  });
  const resource = new fsx.CfnVolume(stack, id, {
    name: 'vol1',
    volumeType: 'ONTAP',
    tags: [{ key: 'data', value: tag }],
    ontapConfiguration: {
      storageVirtualMachineId: machine.ref,
      sizeInMegabytes: `${1024 * size}`,
      junctionPath: '/vol1',
      storageEfficiencyEnabled: 'true',
      copyTagsToBackups: `${copiesTags}`,
    },
  });
  return { resource, source: BackupSource.of(resource) };
}
