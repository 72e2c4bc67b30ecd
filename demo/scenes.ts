import { join } from 'node:path';
import { withoutTime } from './history';
import { type BackupRecord, lifecycleOf, type Sandbox, synthesize, type Terminal } from '../sandbox';

/** A part of the story: what is told, what is done, and what must be true afterwards. */
export interface Scene {
  title: string;
  words: string;
  /** virtual time */
  begins: string;
  /** what is deployed, in the timeline */
  label?: string;
  /** sentences that are checked, with the instant at which the scene began */
  claims: Record<string, (since: number) => boolean>;
  act(): Promise<unknown>;
}

/** What the scenes are played with. */
export interface Stage {
  sandbox: Sandbox;
  terminal: Terminal;
  assemblies: Assemblies;
  existing: Existing;
  /** of every backup that there ever was */
  backups: ReadonlySet<BackupRecord>;
}

/** File systems that belong to no stack. */
export interface Existing {
  shared: string;
  archive: string;
}

const EXAMPLES = join(__dirname, '../examples/typescript');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** What FSx says of a backup that it cannot finish. */
export const FAILURE = 'The file system ran out of space for the snapshot that the backup is made from.';
const BROKEN =
  'Resource handler returned message: "Error occurred during operation \'ECS Deployment Circuit Breaker ' +
  'was triggered\'." (HandlerErrorCode: GeneralServiceException)';

export type Assemblies = Awaited<ReturnType<typeof synthesizeAll>>;

export async function synthesizeAll(directory: string, { shared, archive }: Existing) {
  const wiki = (context: Record<string, string>) =>
    synthesizeExample('before-an-upgrade', directory, context);
  const shop = (version: string) => synthesizeExample('restore-in-place', directory, { version });
  return allOf({
    version1: wiki({ version: '1' }),
    version2: wiki({ version: '2' }),
    throughput: wiki({ version: '2', throughput: '128' }),
    version3: wiki({ version: '3', throughput: '128' }),
    fourKinds: synthesizeExample('four-kinds', directory),
    fourKindsOfStorage: synthesizeExample('four-kinds', directory, { team: 'storage' }),
    quickStart: synthesizeExample('quick-start', directory),
    development: synthesizeExample('development', directory, { shared }),
    longFirstBackup: synthesizeExample('long-first-backup', directory, { archive }),
    shop1: shop('1'),
    shop2: shop('2'),
    shop3: shop('3'),
  });
}

async function allOf<Name extends string>(
  promised: Record<Name, Promise<string>>,
): Promise<Record<Name, string>> {
  const each = Object.entries<Promise<string>>(promised).map(async ([name, one]) => [name, await one]);
  return Object.fromEntries(await Promise.all(each));
}

function synthesizeExample(
  example: string,
  directory: string,
  context: Record<string, string> = {},
): Promise<string> {
  return synthesize(join(EXAMPLES, example), {
    context,
    outdir: join(directory, [example, ...Object.entries(context).flat()].join('-')),
  });
}

/** The stories of a wiki and of a shop, with what else the library does between them. */
export function scenesOf(stage: Stage): Scene[] {
  return [...wikiLives(stage), ...meanwhile(stage), ...ending(stage), ...restores(stage)];
}

function wikiLives(stage: Stage): Scene[] {
  const {
    sandbox: { cloudFormation },
    terminal,
    assemblies,
  } = stage;
  const { statusIs, taken, existing, available, began, holds, creations } = factsOf(stage);
  const backupOf = (nth: number) => taken('Wiki/BeforeUpgrade')[nth - 1];
  return [
    {
      title: 'Version 1',
      begins: '2026-11-02T09:00:00Z',
      label: 'version 1',
      words:
        'The stack Wiki has a file system, a service that keeps its pages there, and three guards: ' +
        'BeforeUpgrade takes a backup before the service is changed, BeforeChange before the file system ' +
        'itself is, Final before it is deleted.',
      act: () => terminal.deploy(assemblies.version1),
      claims: {
        'the first backup was AVAILABLE before the service came up': () =>
          available(backupOf(1), began('Wiki', 'Service', 'CREATE')),
        'BeforeChange took none: there was nothing yet that could be lost': () =>
          taken('Wiki/BeforeChange').length === 0 && holds('BeforeChange') === 'none',
        'Wiki is CREATE_COMPLETE': statusIs('Wiki', 'CREATE_COMPLETE'),
      },
    },
    {
      title: 'An upgrade',
      begins: '2026-11-03T09:00:00Z',
      label: 'version 2',
      words:
        'The next day, with `-c version=2`. The image of the service changes, so another backup is taken: ' +
        'first the backup, then the service. (Roles, functions, networks and the like are left out from ' +
        'here on.)',
      act: () => terminal.deploy(assemblies.version2),
      claims: {
        'a second backup was AVAILABLE before the update of the service began': (since) => {
          return (
            backupOf(2).createdAt >= since &&
            available(backupOf(2), began('Wiki', 'Service', 'UPDATE', since))
          );
        },
        'the first one is still there: keepLast is 2': () => existing('Wiki/BeforeUpgrade').length === 2,
        'the file system did not change, and BeforeChange took none': (since) =>
          !began('Wiki', 'FileSystem', 'UPDATE', since) && taken('Wiki/').length === 2,
        'Wiki is UPDATE_COMPLETE': statusIs('Wiki', 'UPDATE_COMPLETE'),
      },
    },
    {
      title: 'The file system itself changes',
      begins: '2026-11-04T09:00:00Z',
      label: '128 MB/s',
      words:
        'With `-c throughput=128`. BeforeChange backs the file system up as it is deployed now, and ' +
        'only then does CloudFormation change it.',
      act: () => terminal.deploy(assemblies.throughput),
      claims: {
        'the backup was AVAILABLE before the update of the file system began': (since) => {
          return available(taken('Wiki/BeforeChange')[0], began('Wiki', 'FileSystem', 'UPDATE', since));
        },
        'it is a backup of the file system as it was, with 64 MB/s': () => {
          return taken('Wiki/BeforeChange')[0].fileSystem.OpenZFSConfiguration.ThroughputCapacity === 64;
        },
        'the service did not change, and BeforeUpgrade took none': (since) =>
          !began('Wiki', 'Service', 'UPDATE', since) && taken('Wiki/').length === 3,
      },
    },
    {
      title: 'An upgrade fails',
      begins: '2026-11-05T16:00:00Z',
      label: 'version 3',
      words:
        'With `-c version=3`, which does not start. ECS gives up, and CloudFormation rolls everything ' +
        'back. The backup stays.',
      act: async () => {
        cloudFormation.failures.fail({
          target: 'AWS::ECS::Service',
          on: 'update',
          after: 90_000,
          reason: BROKEN,
        });
        await terminal.deploy(assemblies.version3);
      },
      claims: {
        'Wiki is UPDATE_ROLLBACK_COMPLETE': statusIs('Wiki', 'UPDATE_ROLLBACK_COMPLETE'),
        'a third backup was AVAILABLE before the update of the service began, and still is': (since) => {
          return (
            available(backupOf(3), began('Wiki', 'Service', 'UPDATE', since)) &&
            existing('Wiki/BeforeUpgrade').includes(backupOf(3))
          );
        },
        'CreateBackup was called once: the rollback took none, and it deleted none': (since) =>
          creations(since).length === 1 && existing('Wiki/').length === 4,
        'the stack holds the second one again, that of the version which runs': () =>
          holds('BeforeUpgrade') === backupOf(2).id,
      },
    },
    {
      title: 'The upgrade again',
      begins: '2026-11-06T09:00:00Z',
      label: 'version 3 again',
      words:
        'The next morning the cause is fixed, and version 3 is deployed once more. The backup of yesterday ' +
        'is finished, and pages may have changed since: another one is taken. With keepLast: 2, the two ' +
        'oldest go when the upgrade has succeeded.',
      act: () => terminal.deploy(assemblies.version3),
      claims: {
        'Wiki is UPDATE_COMPLETE': statusIs('Wiki', 'UPDATE_COMPLETE'),
        'a fourth backup was AVAILABLE before the update of the service began': (since) => {
          return (
            backupOf(4).createdAt >= since &&
            available(backupOf(4), began('Wiki', 'Service', 'UPDATE', since)) &&
            holds('BeforeUpgrade') === backupOf(4).id
          );
        },
        'CreateBackup was called once': (since) => creations(since).length === 1,
        'the first and the second backup were deleted, the third and the fourth are there': () => {
          const left = existing('Wiki/BeforeUpgrade');
          return left.length === 2 && left.includes(backupOf(3)) && left.includes(backupOf(4));
        },
        "keepLast does not count the backup of the file system's own change": () =>
          existing('Wiki/BeforeChange').length === 1,
      },
    },
  ];
}

/** What else there is. */
function meanwhile(stage: Stage): Scene[] {
  const {
    sandbox: { fsx, cloudFormation, clock },
    terminal,
    assemblies,
    existing: { shared, archive },
  } = stage;
  const { statusIs, taken, existing, lifecycles, available, began, completed, waits, creations } =
    factsOf(stage);
  const failureOf = (stack: string) => {
    return (
      cloudFormation
        .stack(stack)
        .events.find(({ status, type }) => status === 'CREATE_FAILED' && type === 'Custom::FsxBackup')
        ?.reason ?? ''
    );
  };
  let stranger: BackupRecord;

  return [
    {
      title: 'Four kinds',
      begins: '2026-11-06T10:00:00Z',
      words:
        'The stack FourKinds defines a Windows, a Lustre, an OpenZFS and an ONTAP file system, and a ' +
        'backup of each (of the volume, for ONTAP).',
      act: () => terminal.deploy(assemblies.fourKinds),
      claims: {
        'it has four backups, and was CREATE_COMPLETE when all of them were AVAILABLE': () => {
          return (
            statusIs('FourKinds', 'CREATE_COMPLETE')() &&
            lifecycles('FourKinds/') === 'AVAILABLE AVAILABLE AVAILABLE AVAILABLE'
          );
        },
      },
    },
    {
      title: 'Only a tag changes',
      begins: '2026-11-06T11:00:00Z',
      label: 'another tag',
      words: 'The same app with `-c team=storage`. Tags change in place, and no backup is taken.',
      act: () => terminal.deploy(assemblies.fourKindsOfStorage),
      claims: {
        'CreateBackup was not called': (since) => creations(since).length === 0,
        'all four backups carry team=storage': () =>
          existing('FourKinds/').every(({ tags }) => tags.get('team') === 'storage'),
      },
    },
    {
      title: 'A backup fails',
      begins: '2026-11-06T12:00:00Z',
      words:
        'FSx cannot finish the backup of the stack QuickStart. The deployment fails, with the reason ' +
        'that FSx gave, and is rolled back.',
      act: async () => {
        fsx.options.fail = () => FAILURE;
        await terminal.deploy(assemblies.quickStart);
        fsx.options.fail = () => undefined;
      },
      claims: {
        'QuickStart is ROLLBACK_COMPLETE': statusIs('QuickStart', 'ROLLBACK_COMPLETE'),
        ['the stack event gives the reason of FSx, and names the FAILED backup that is left: ' +
        'with RETAIN the library may not delete']: () => {
          return (
            failureOf('QuickStart').includes(FAILURE) &&
            lifecycles('QuickStart/') === 'FAILED' &&
            failureOf('QuickStart').includes(taken('QuickStart/')[0].id)
          );
        },
      },
    },
    {
      title: 'Somebody else is first',
      begins: '2026-11-06T13:00:00Z',
      words:
        `The stack Development backs up ${shared}, which belongs to no stack. An automatic backup of it ` +
        'has just begun, and takes a quarter of an hour. FSx refuses a second one meanwhile. The library ' +
        'waits for the end of that backup, and then takes its own.',
      act: async () => {
        stranger = fsx.plantBackup({ type: 'AUTOMATIC', duration: 15 * MINUTE, fileSystemId: shared });
        await terminal.deploy(assemblies.development);
      },
      claims: {
        'Development is CREATE_COMPLETE': statusIs('Development', 'CREATE_COMPLETE'),
        'FSx refused it meanwhile': (since) =>
          creations(since).some(({ error }) => error?.startsWith('BackupInProgress')),
        'it began when the automatic one was over, and not much later': () => {
          const waited =
            taken('Development/SharedBackup')[0].createdAt - (stranger.createdAt + stranger.duration);
          return waited >= 0 && waited <= 2 * MINUTE;
        },
        'it was AVAILABLE when CloudFormation had created its resource': () =>
          available(taken('Development/SharedBackup')[0], completed('Development', 'SharedBackup')! + 1),
      },
    },
    {
      title: 'A backup of five hours',
      begins: '2026-11-07T08:00:00Z',
      words:
        `The stack Archive backs up ${archive}: 96 TiB of which there is no backup yet. A custom resource ` +
        'has an hour. With a timeout of six hours, a chain of six continuations follows the backup, and ' +
        'each waits for up to 55 minutes. A resource that uses the backup waits for the last one.',
      act: async () => {
        const usual = fsx.options.backupDuration;
        fsx.options.backupDuration = () => 5 * HOUR;
        await terminal.deploy(assemblies.longFirstBackup);
        fsx.options.backupDuration = usual;
      },
      claims: {
        'Archive is CREATE_COMPLETE, more than five hours later': (since) =>
          statusIs('Archive', 'CREATE_COMPLETE')() && clock.now() - since > 5 * HOUR,
        'the backup was AVAILABLE before its id was written down for others': (since) => {
          return available(taken('Archive/Backup')[0], began('Archive', 'NewestBackup', 'CREATE', since));
        },
        'no resource of the chain took more than an hour': (since) => {
          const links = waits('Archive', since);
          return links.length === 7 && links.every((milliseconds) => milliseconds < HOUR);
        },
        'CreateBackup was called once': (since) => creations(since).length === 1,
      },
    },
    {
      title: 'Backups stay, or go',
      begins: '2026-11-09T09:00:00Z',
      words:
        'Two stacks are destroyed. FourKinds leaves its backups: RemovalPolicy.RETAIN is the default. ' +
        'Development says RemovalPolicy.DESTROY. FSx itself takes a last backup of each Windows and ' +
        'OpenZFS file system; the library has nothing to do with those.',
      act: async () => {
        await terminal.destroy('FourKinds');
        terminal.print();
        await terminal.destroy('Development');
      },
      claims: {
        'the four backups of FourKinds still exist': () =>
          lifecycles('FourKinds/') === 'AVAILABLE AVAILABLE AVAILABLE AVAILABLE',
        'those of Development are gone': () =>
          taken('Development/').length === 1 &&
          existing('Development/').length === 0 &&
          existing('development home').length === 0,
        'the automatic backup of the shared file system is still there': () => fsx.backups.has(stranger.id),
      },
    },
  ];
}

function ending(stage: Stage): Scene[] {
  const {
    sandbox: { journal },
    terminal,
  } = stage;
  const { statusIs, taken, existing, available, began } = factsOf(stage);
  const final = () => taken('Wiki/Final')[0];
  return [
    {
      title: 'The wiki goes',
      begins: '2026-11-09T12:00:00Z',
      words:
        'The stack Wiki is destroyed. Final takes a last backup before CloudFormation deletes the file ' +
        'system, and would stop the deletion if it failed.',
      act: () => terminal.destroy('Wiki'),
      claims: {
        'the final backup was AVAILABLE before the deletion of the file system began': (since) =>
          available(final(), began('Wiki', 'FileSystem', 'DELETE', since)),
        'Wiki is DELETE_COMPLETE': statusIs('Wiki', 'DELETE_COMPLETE'),
        "its backups are there: two of upgrades, one of the file system's change, and the final one": () =>
          existing('Wiki/').length === 4,
        'DeleteBackup was called for what keepLast and DESTROY say, and for nothing else': () => {
          const names = journal
            .calls('fsx:DeleteBackup')
            .map(({ input }) => [...stage.backups].find(({ id }) => id === input.BackupId)!.tags.get('Name'))
            .map(withoutTime);
          return (
            names.sort().join() ===
            [
              'Development/SharedBackup',
              'Wiki/BeforeUpgrade',
              'Wiki/BeforeUpgrade',
              'development home',
            ].join()
          );
        },
      },
    },
  ];
}

/** An upgrade ruins the data, and the backup of before brings them back. */
function restores(stage: Stage): Scene[] {
  const {
    sandbox: { cloudFormation, fsx, clock },
    terminal,
    assemblies,
  } = stage;
  const { statusIs, taken, existing, available, began, creations } = factsOf(stage);
  const BEFORE = 'the orders until Tuesday evening';
  const DURING = `${BEFORE}, and one more`;
  const RUINED = 'zeros';
  const theOne = (type: string) =>
    Object.values(cloudFormation.stack('Shop').resources).find((resource) => resource.type === type)!;
  const files = () => theOne('AWS::FSx::FileSystem').physicalId!;
  const show = () => terminal.tell(`The file system ${files()} has: ${fsx.read(files()) || 'nothing'}.`);
  const deploy = async (assembly: string, restoreFrom?: string) => {
    const parameters = restoreFrom === undefined ? undefined : { RestoreFrom: restoreFrom };
    await terminal.deploy(assembly, { parameters });
  };
  let ruined: string;

  return [
    {
      title: 'A shop',
      begins: '2026-11-10T09:00:00Z',
      label: 'version 1, new',
      words:
        'The stack Shop has a file system with the orders, a service, and one guard for both. Its file ' +
        'system is created from what the parameter RestoreFrom says, and now it says "new".',
      act: async () => {
        await deploy(assemblies.shop1, 'new');
        fsx.write(files(), BEFORE);
      },
      claims: {
        'Shop is CREATE_COMPLETE, and the guard took no backup: there was nothing yet': () =>
          statusIs('Shop', 'CREATE_COMPLETE')() && taken('Shop/').length === 0,
      },
    },
    {
      title: 'An upgrade ruins the data',
      begins: '2026-11-11T09:00:00Z',
      label: 'version 2',
      words:
        'With `-c version=2`. The guard takes its backup, and another order arrives while it runs. The ' +
        'upgrade succeeds, and nobody notices that version 2 overwrites the orders with zeros.',
      act: async () => {
        clock.setTimeout(() => fsx.write(files(), DURING), 3 * MINUTE); // of the six that the backup takes
        await deploy(assemblies.shop2);
        fsx.write(files(), RUINED);
        show();
      },
      claims: {
        'a backup was AVAILABLE before the update of the service began': (since) =>
          available(taken('Shop/Guard')[0], began('Shop', 'Service', 'UPDATE', since)),
        'the deployment succeeded, and the orders are gone': () =>
          statusIs('Shop', 'UPDATE_COMPLETE')() && fsx.read(files()) === RUINED,
      },
    },
    {
      title: 'The data of before come back',
      begins: '2026-11-12T09:00:00Z',
      label: 'version 1, restored',
      words:
        'The next day somebody notices. Version 1 is deployed with `--parameters RestoreFrom=…`: the id of ' +
        'the backup from before the upgrade. The guard backs up what is there now, and only then does ' +
        'CloudFormation replace the file system by one that FSx restores.',
      act: async () => {
        ruined = files();
        await deploy(assemblies.shop1, taken('Shop/Guard')[0].id);
        show();
      },
      claims: {
        'the orders are back, as they were when the backup began': () => fsx.read(files()) === BEFORE,
        'it is another file system, and the ruined one is deleted': () =>
          files() !== ruined && !fsx.fileSystems.has(ruined),
        'a backup of the ruined one was AVAILABLE before it was replaced': (since) =>
          taken('Shop/Guard')[1].data === RUINED &&
          available(taken('Shop/Guard')[1], began('Shop', 'FileSystem', 'UPDATE', since)),
        'the service uses the restored one: its tasks mount the new DNS name': () =>
          JSON.stringify(theOne('AWS::ECS::TaskDefinition').properties).includes(
            fsx.fileSystem(files()).description.DNSName,
          ),
        'CreateBackup was called once': (since) => creations(since).length === 1,
      },
    },
    {
      title: 'And they stay',
      begins: '2026-11-12T15:00:00Z',
      label: 'version 3',
      words:
        'Version 3 has the fix. It is deployed without the parameter, and CloudFormation keeps its value: ' +
        'nothing is restored again, and nothing is lost.',
      act: async () => {
        fsx.write(files(), `${BEFORE}, and those of Thursday`);
        await deploy(assemblies.shop3);
        show();
      },
      claims: {
        'Shop is UPDATE_COMPLETE, and the file system was not touched': (since) =>
          statusIs('Shop', 'UPDATE_COMPLETE')() && !began('Shop', 'FileSystem', 'UPDATE', since),
        'the orders of Thursday are there': () => fsx.read(files())!.endsWith('and those of Thursday'),
        'all three backups are there, each of its own moment': () =>
          existing('Shop/Guard')
            .map(({ data }) => data)
            .join(' | ') === [BEFORE, RUINED, `${BEFORE}, and those of Thursday`].join(' | '),
      },
    },
  ];
}

/** What claims are made of. */
function factsOf({ sandbox: { cloudFormation, fsx, journal, clock }, backups }: Stage) {
  const taken = (name: string) => [...backups].filter(({ tags }) => tags.get('Name')?.startsWith(name));
  const existing = (name: string) => taken(name).filter(({ id }) => fsx.backups.has(id));
  return {
    /** the backups whose name begins like this, also those that are gone, oldest first */
    taken,
    existing,
    lifecycles: (name: string) =>
      existing(name)
        .map((backup) => lifecycleOf(backup, clock.now()))
        .sort()
        .join(' '),
    statusIs: (stack: string, status: string) => () => cloudFormation.stack(stack).status === status,
    /** calls of CreateBackup, whether they succeeded or not */
    creations: (since: number) => journal.calls('fsx:CreateBackup').filter(({ at }) => at >= since),
    /** when something began to happen to a resource */
    began: (stack: string, id: string, what: 'CREATE' | 'UPDATE' | 'DELETE', since = 0) =>
      journal.of('event').find((event) => {
        return (
          event.stack === stack &&
          event.logicalId.startsWith(id) &&
          event.status === `${what}_IN_PROGRESS` &&
          event.at >= since
        );
      })?.at,
    /** when CloudFormation was done with a resource, the last time */
    completed: (stack: string, id: string) =>
      journal
        .of('event')
        .filter((event) => event.stack === stack && event.logicalId.startsWith(id))
        .filter(({ status }) => status.endsWith('_COMPLETE'))
        .at(-1)?.at,
    /** how long each custom resource of a stack took to respond, in milliseconds */
    waits: (stack: string, since: number) =>
      journal
        .of('request')
        .filter((request) => request.stack === stack && request.at >= since)
        .map(({ requestId, at }) => {
          const response = journal.of('response').find((told) => told.requestId === requestId);
          return (response?.at ?? Infinity) - at;
        }),
    available: (backup: BackupRecord, before: number | undefined) => {
      return (
        before !== undefined && lifecycleOf({ ...backup, lifecycle: undefined }, before - 1) === 'AVAILABLE'
      );
    },
    /** the physical id of a resource of the wiki */
    holds: (id: string) =>
      Object.values(cloudFormation.stack('Wiki').resources).find(({ logicalId }) => logicalId.startsWith(id))
        ?.physicalId,
  };
}
