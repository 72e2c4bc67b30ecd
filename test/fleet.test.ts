import { App, CfnResource, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { FsxProtection } from '../src';
import { defineFleet, PROTECTABLE } from './fixtures/fleet';

/* One line for 60 file systems and volumes, in four stacks of two stages. */

function protectedFleet(times?: number): { app: App; stacks: Stack[] } {
  const app = new App({ analyticsReporting: false });
  const stacks = defineFleet(app, times);
  FsxProtection.of(app).add({ keepLast: 10 });
  FsxProtection.of(app).require();
  return { app, stacks };
}

/** The templates of all stacks, as text. */
const textsOf = ({ app, stacks }: ReturnType<typeof protectedFleet>, force = false): string[] => {
  app.synth({ force });
  return stacks.map((stack) => JSON.stringify(Template.fromStack(stack).toJSON()));
};

test('each that FSx can back up has a guard and a final backup, and each other one is named', () => {
  const { app, stacks } = protectedFleet();
  app.synth();
  for (const stack of stacks) {
    const template = Template.fromStack(stack);
    template.resourceCountIs('Custom::FsxBackup', PROTECTABLE);
    template.resourceCountIs('Custom::FsxFinalBackup', PROTECTABLE);
    const warnings = Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('cdk-fsx-backup'));
    expect(warnings.map(({ id }) => id)).toEqual([`/${stack.node.path}/Scratch1`]);
    const others = stack.node.children.map(({ node }) => node.id).filter((id) => id.startsWith('Fsx'));
    expect(others).toEqual(['FsxProtection', 'FsxBackupDefaultProvider']);
  }
});

test('the next synthesis of the same app, and that of another one, is the same to the byte', () => {
  const fleet = protectedFleet();
  const first = textsOf(fleet);
  expect(textsOf(fleet, true)).toEqual(first);
  expect(textsOf(protectedFleet())).toEqual(first);
});

test('what is looked at grows as the fleet does', () => {
  const render = jest.spyOn(CfnResource.prototype as any, '_toCloudFormation');
  const rendered = (times: number) => {
    render.mockClear();
    const { app } = protectedFleet(times);
    app.synth();
    return render.mock.calls.length;
  };
  const [one, two, three] = [1, 2, 3].map(rendered);
  expect(three - two).toBe(two - one);
  render.mockRestore();
});
