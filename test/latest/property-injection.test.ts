import { App, aws_fsx as fsx, Duration, Stack, Stage } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as logs from 'aws-cdk-lib/aws-logs';
import { type InjectionContext, type IPropertyInjector, PropertyInjectors } from 'aws-cdk-lib-latest';
import { Construct } from 'constructs';
import { BackupSource, FsxBackup, FsxBackupProvider, FsxFinalBackup, FsxProtection } from '../../src';

/* A company's defaults, by the property injectors of aws-cdk-lib 2.196 and later. */

class Defaults implements IPropertyInjector {
  public readonly seen: InjectionContext[] = [];

  public constructor(
    public readonly constructUniqueId: string,
    private readonly defaults: object | ((context: InjectionContext) => object),
  ) {}

  public inject(props: any, context: InjectionContext): any {
    this.seen.push(context);
    const { defaults } = this;
    return { ...(typeof defaults === 'function' ? defaults(context) : defaults), ...props };
  }
}

const injectorsOf = (scope: Construct) => PropertyInjectors.of(scope);
const source = BackupSource.fromFileSystemId('fs-0498eed5fe91001ec');

let app: App;
let stack: Stack;
beforeEach(() => {
  app = new App();
  stack = new Stack(app, 'Files');
});

const propertiesOf = (type: string) =>
  Object.values(Template.fromStack(stack).findResources(type)).map(({ Properties }) => Properties);

test('a backup gets what it does not say', () => {
  const keepLast = new Defaults(FsxBackup.PROPERTY_INJECTION_ID, {
    keepLast: 7,
    timeout: Duration.minutes(9),
  });
  injectorsOf(app).add(keepLast);
  new FsxBackup(stack, 'One', { source });
  new FsxBackup(stack, 'Two', { source, keepLast: 2 });
  expect(propertiesOf('Custom::FsxBackup')).toMatchObject([
    { KeepLast: '7', TimeoutSeconds: '540' },
    { KeepLast: '2', TimeoutSeconds: '540' },
  ]);
  expect(keepLast.seen).toEqual([
    { scope: stack, id: 'One' },
    { scope: stack, id: 'Two' },
  ]);
});

test('so do those of beforeChangeOf and of FsxProtection', () => {
  injectorsOf(app).add(new Defaults(FsxBackup.PROPERTY_INJECTION_ID, { keepLast: 7 }));
  const define = (id: string) =>
    new fsx.CfnFileSystem(stack, id, { fileSystemType: 'OPENZFS', subnetIds: ['subnet-1'] });
  FsxBackup.beforeChangeOf(stack, 'Guard', define('One'));
  FsxProtection.of(define('Two')).add({ keepLast: undefined, finalBackup: false });
  FsxProtection.of(define('Three')).add({ keepLast: 3, finalBackup: false });
  expect(propertiesOf('Custom::FsxBackup').map(({ KeepLast }) => KeepLast)).toEqual(['7', '7', '3']);
});

test('a final backup', () => {
  injectorsOf(app).add(new Defaults(FsxFinalBackup.PROPERTY_INJECTION_ID, { backupName: 'Last' }));
  new FsxFinalBackup(stack, 'Final', { source });
  expect(propertiesOf('Custom::FsxFinalBackup')[0].Tags).toEqual([{ Key: 'Name', Value: 'Last' }]);
});

test('the provider that backups share', () => {
  injectorsOf(app).add(
    new Defaults(FsxBackupProvider.PROPERTY_INJECTION_ID, ({ scope }: InjectionContext) => ({
      logGroup: logs.LogGroup.fromLogGroupName(scope, 'Logs', '/company/backups'),
    })),
  );
  new FsxBackup(stack, 'One', { source });
  expect(propertiesOf('AWS::Lambda::Function')[0].LoggingConfig).toMatchObject({
    LogGroup: '/company/backups',
  });
});

test('a provider by stack', () => {
  const providers = new Map<Stack, FsxBackupProvider>();
  const providerFor = ({ scope }: InjectionContext) => {
    const of = Stack.of(scope);
    const provider = providers.get(of) ?? new FsxBackupProvider(of, 'Backups');
    providers.set(of, provider);
    return { provider };
  };
  injectorsOf(app).add(new Defaults(FsxBackup.PROPERTY_INJECTION_ID, providerFor));
  new FsxBackup(stack, 'One', { source });
  new FsxBackup(stack, 'Two', { source });
  expect(stack.node.children.map(({ node }) => node.id)).toEqual(['One', 'Backups', 'Two']);
});

test('the nearest injector counts, in a stage, too', () => {
  const prod = new Stage(app, 'Prod');
  stack = new Stack(prod, 'Files');
  injectorsOf(app).add(new Defaults(FsxBackup.PROPERTY_INJECTION_ID, { keepLast: 7 }));
  injectorsOf(prod).add(new Defaults(FsxBackup.PROPERTY_INJECTION_ID, { keepLast: 30 }));
  new FsxBackup(stack, 'One', { source });
  expect(propertiesOf('Custom::FsxBackup')[0]).toMatchObject({ KeepLast: '30' });
});

test('what is injected is checked', () => {
  injectorsOf(app).add(new Defaults(FsxBackup.PROPERTY_INJECTION_ID, { keepLast: 0 }));
  expect(() => new FsxBackup(stack, 'One', { source })).toThrow('keepLast is 0: it must be a whole number');
});

test.each<[string, string, () => unknown]>([
  [FsxBackup.PROPERTY_INJECTION_ID, 'Files/One', () => new FsxBackup(stack, 'One', { source })],
  [FsxFinalBackup.PROPERTY_INJECTION_ID, 'Files/One', () => new FsxFinalBackup(stack, 'One', { source })],
  [
    FsxBackupProvider.PROPERTY_INJECTION_ID,
    'Files/FsxBackupDefaultProvider',
    () => new FsxBackup(stack, 'One', { source }),
  ],
])('a name that only Python has is refused, from an injector of %s', (uniqueId, path, define) => {
  injectorsOf(app).add(new Defaults(uniqueId, { keep_last: 7 }));
  expect(define).toThrow(
    `the property injector of ${uniqueId} gave "${path}" a property keep_last: return it as keepLast, ` +
      'also in Python',
  );
});
