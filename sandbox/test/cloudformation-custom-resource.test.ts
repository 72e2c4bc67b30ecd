import { TOKEN, custom, testWorld, told, topic } from './cloudformation-fixture';

const MINUTE = 60_000;

test('a provider sees scalars as strings at every depth', async () => {
  const world = testWorld();
  await world.deploy({
    Resources: {
      A: custom({ flag: false, number: 1, deep: { list: [true, { size: 2.5 }] }, ServiceTimeout: 60 }),
    },
  });
  const { event } = world.journal.of('request')[0];
  expect(event.ResourceProperties).toEqual({
    ServiceToken: TOKEN,
    ServiceTimeout: '60',
    flag: 'false',
    number: '1',
    deep: { list: ['true', { size: '2.5' }] },
  });
});

test('the host of all responses is known before the first request', async () => {
  const world = testWorld();
  const host = await world.cloudFormation.responseHost();
  await world.deploy({ Resources: { A: custom(), B: custom() } });
  const hosts = world.journal.of('request').map(({ event }) => new URL(event.ResponseURL).host);
  expect(hosts).toEqual([host, host]);
});

test('the event of each request carries what is documented', async () => {
  const world = testWorld();
  await world.deploy({ Resources: { A: custom({ v: 1 }) } });
  await world.deploy({ Resources: { A: custom({ v: 2 }) } });
  await world.destroy();
  const [create, update, remove] = world.journal.of('request').map(({ event }) => event);
  const { id } = world.cloudFormation.stack('Stack');
  expect(create).toEqual({
    RequestType: 'Create',
    ServiceToken: TOKEN,
    ResponseURL: expect.stringMatching(
      /^http:\/\/127\.0\.0\.1:\d+\/cloudformation-custom-resource-response-useast1\/.*X-Amz-Signature=/,
    ),
    StackId: id,
    RequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    LogicalResourceId: 'A',
    ResourceType: 'Custom::Thing',
    ResourceProperties: { ServiceToken: TOKEN, v: '1' },
  });
  expect(update).toMatchObject({
    RequestType: 'Update',
    PhysicalResourceId: 'a-1',
    ResourceProperties: { v: '2' },
    OldResourceProperties: { ServiceToken: TOKEN, v: '1' },
  });
  expect(remove).toMatchObject({
    RequestType: 'Delete',
    PhysicalResourceId: 'a-1',
    ResourceProperties: { v: '2' },
  });
  expect(remove.OldResourceProperties).toBeUndefined();
  expect(new Set([create, update, remove].map(({ RequestId }) => RequestId)).size).toBe(3);
});

test('Ref is the physical id, and GetAtt finds what Data has', async () => {
  const world = testWorld();
  world.provider = () => ({
    PhysicalResourceId: 'backup-1',
    Data: { 'BackupId': 'b', 'a.b': 'dotted', 'n': 3 },
  });
  const { outputs } = await world.deploy({
    Resources: { A: custom() },
    Outputs: {
      Ref: { Value: { Ref: 'A' } },
      Att: { Value: { 'Fn::GetAtt': ['A', 'BackupId'] } },
      Dotted: { Value: { 'Fn::GetAtt': 'A.a.b' } },
      Number: { Value: { 'Fn::Sub': '${A.n}' } },
    },
  });
  expect(outputs).toEqual({ Ref: 'backup-1', Att: 'b', Dotted: 'dotted', Number: '3' });
});

test('an attribute that the answer lacks fails the resource that asks for it', async () => {
  const world = testWorld();
  const outcome = await world.deploy({
    Resources: { A: custom(), B: topic({ DisplayName: { 'Fn::GetAtt': ['A', 'Missing'] } }) },
  });
  expect(outcome).toMatchObject({
    status: 'ROLLBACK_COMPLETE',
    reason: expect.stringContaining("Vendor response doesn't contain Missing key in object"),
  });
  expect(told(outcome.events)).toContain('CREATE_FAILED B');
});

test('a failed Create tells the reason, and the Delete after it carries the id of the answer', async () => {
  const world = testWorld();
  world.provider = ({ RequestType }) =>
    RequestType === 'Create' ? { Status: 'FAILED', Reason: 'no room', PhysicalResourceId: 'half-made' } : {};
  const outcome = await world.deploy({ Resources: { A: custom() } });
  expect(outcome.status).toBe('ROLLBACK_COMPLETE');
  expect(outcome.reason).toMatch(
    new RegExp(
      /^Received response status \[FAILED\] from custom resource\. Message returned: no room /.source +
        /\(RequestId: [0-9a-f-]{36}\)$/.source,
    ),
  );
  expect(world.requests()).toEqual(['Create A', 'Delete A half-made']);
});

test('a Create without an answer fails after an hour, and the Delete carries an invented id', async () => {
  const world = testWorld();
  const start = world.clock.now();
  let failedAt = 0;
  world.provider = ({ RequestType }) => {
    if (RequestType === 'Create') return undefined;
    failedAt = world.clock.now();
    return {};
  };
  const outcome = await world.deploy({ Resources: { A: custom() } });
  expect(outcome.reason).toContain(
    'CloudFormation did not receive a response from your Custom Resource. Please check your logs for ' +
      'requestId [',
  );
  expect(failedAt - start).toBe(60 * MINUTE);
  expect(world.requests()[1]).toMatch(/^Delete A Stack-A-[0-9A-Z]{13}$/);
});

test('ServiceTimeout ends the wait earlier', async () => {
  const world = testWorld();
  const start = world.clock.now();
  world.provider = ({ RequestType }) => (RequestType === 'Create' ? undefined : {});
  const { events } = await world.deploy({ Resources: { A: custom({ ServiceTimeout: 90 }) } });
  expect(events.find(({ status }) => status === 'CREATE_FAILED')!.at - start).toBe(90_000);
});

test.each([0, 3_601, 'soon'])('ServiceTimeout %s is refused', async (ServiceTimeout) => {
  const world = testWorld();
  const outcome = await world.deploy({ Resources: { A: custom({ ServiceTimeout }) } });
  expect(outcome.reason).toContain(`Invalid ServiceTimeout ${ServiceTimeout}`);
  expect(world.requests()).toEqual([]);
});

test.each([
  ['of 4097 bytes', { Data: { text: 'x' } }, 'Response object is too long.'],
  ['without a physical id', { PhysicalResourceId: undefined }, 'Invalid PhysicalResourceId'],
  ['with an empty physical id', { PhysicalResourceId: '' }, 'Invalid PhysicalResourceId'],
  ['with a physical id above 1 KB', { PhysicalResourceId: 'é'.repeat(513) }, 'Invalid PhysicalResourceId'],
  ['without a status', { Status: 'DONE' }, 'Status must be SUCCESS or FAILED'],
  ['that fails without a reason', { Status: 'FAILED' }, 'a FAILED response needs a Reason'],
  ['whose data is a list', { Data: [] }, 'Data must be an object'],
])('an answer %s fails the resource', async (_, answer: any, reason) => {
  const world = testWorld();
  world.provider = (event) => {
    if (event.RequestType !== 'Create') return {};
    if (reason !== 'Response object is too long.') return answer;
    return { Data: { text: 'é'.repeat(2_048) } };
  };
  const outcome = await world.deploy({ Resources: { A: custom() } });
  expect(outcome.status).toBe('ROLLBACK_COMPLETE');
  expect(outcome.reason).toContain(reason);
  expect(world.journal.of('response')[0]).toMatchObject({ effect: 'refused' });
});

test('4096 bytes are not too long, counted as bytes', async () => {
  const world = testWorld();
  world.provider = (event) => {
    const { StackId, RequestId, LogicalResourceId } = event;
    const empty = JSON.stringify({
      Status: 'SUCCESS',
      StackId,
      RequestId,
      LogicalResourceId,
      PhysicalResourceId: 'a',
      Data: { t: '' },
    });
    return { PhysicalResourceId: 'a', Data: { t: 'x'.repeat(4_096 - empty.length) } };
  };
  await expect(world.deploy({ Resources: { A: custom() } })).resolves.toMatchObject({
    status: 'CREATE_COMPLETE',
  });
  expect(world.journal.of('response')[0].bytes).toBe(4_096);
});

test.each(['StackId', 'RequestId', 'LogicalResourceId'])(
  'an answer with another %s is not an answer',
  async (name) => {
    const world = testWorld();
    world.provider = (event) => (event.RequestType === 'Create' ? { [name]: 'another' } : {});
    const outcome = await world.deploy({ Resources: { A: custom() } });
    expect(outcome.reason).toContain('did not receive a response');
    expect(world.journal.of('response')[0]).toMatchObject({
      effect: 'refused',
      why: expect.stringContaining(name),
    });
  },
);

test('the first answer counts', async () => {
  const world = testWorld();
  world.provider = async (event) => {
    await world.put(event, { PhysicalResourceId: 'first' });
    return { Status: 'FAILED', Reason: 'second', PhysicalResourceId: 'second' };
  };
  await expect(world.deploy({ Resources: { A: custom() } })).resolves.toMatchObject({
    status: 'CREATE_COMPLETE',
  });
  expect(world.cloudFormation.stack('Stack').resources.A.physicalId).toBe('first');
  await world.clock.run(world.clock.sleep(MINUTE));
  expect(world.journal.of('response').map(({ effect }) => effect)).toEqual(['accepted', 'ignored']);
});

test('an answer after the time-out is ignored', async () => {
  const world = testWorld();
  world.provider = async (event) => {
    if (event.RequestType === 'Create') await world.clock.sleep(61 * MINUTE);
    return {};
  };
  const outcome = await world.deploy({ Resources: { A: custom() } });
  await world.clock.run(world.clock.sleep(2 * MINUTE));
  expect(outcome.status).toBe('ROLLBACK_COMPLETE');
  expect(world.journal.of('response').find(({ effect }) => effect === 'ignored')).toMatchObject({
    why: 'the request has timed out',
  });
});

test('a new physical id on Update is a replacement: the old one is deleted last, as it was', async () => {
  const world = testWorld();
  world.provider = ({ RequestType, ResourceProperties }) =>
    RequestType === 'Delete' ? {} : { PhysicalResourceId: `backup-${ResourceProperties.v}` };
  const template = (v: number) => ({
    Resources: { A: custom({ v }), Later: topic({ DisplayName: `v${v}` }, { DependsOn: 'A' }) },
  });
  await world.deploy(template(1));
  const { status, events } = await world.deploy(template(2));
  expect(status).toBe('UPDATE_COMPLETE');
  expect(told(events)).toEqual([
    'UPDATE_IN_PROGRESS Stack',
    'UPDATE_IN_PROGRESS A',
    'UPDATE_IN_PROGRESS A',
    'UPDATE_COMPLETE A',
    'UPDATE_IN_PROGRESS Later',
    'UPDATE_COMPLETE Later',
    'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS Stack',
    'DELETE_IN_PROGRESS A',
    'DELETE_COMPLETE A',
    'UPDATE_COMPLETE Stack',
  ]);
  expect(world.requests()).toEqual(['Create A', 'Update A backup-1', 'Delete A backup-1']);
  expect(world.journal.of('request')[2].event.ResourceProperties.v).toBe('1');
  expect(world.cloudFormation.stack('Stack').resources.A.physicalId).toBe('backup-2');
});

test('a failed Update is followed by an Update with the old properties and the old id', async () => {
  const world = testWorld();
  world.provider = ({ RequestType, ResourceProperties }) => {
    if (RequestType === 'Update' && ResourceProperties.v === '2') {
      return { Status: 'FAILED', Reason: 'no', PhysicalResourceId: 'other' };
    }
    return {};
  };
  await world.deploy({ Resources: { A: custom({ v: 1 }) } });
  const { status, events } = await world.deploy({ Resources: { A: custom({ v: 2 }) } });
  expect(status).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect(world.requests()).toEqual(['Create A', 'Update A a-1', 'Update A a-1']);
  const back = world.journal.of('request')[2].event;
  expect([back.ResourceProperties.v, back.OldResourceProperties.v]).toEqual(['1', '2']);
  expect(told(events).filter((event) => event.endsWith('Stack'))).toEqual([
    'UPDATE_IN_PROGRESS Stack',
    'UPDATE_ROLLBACK_IN_PROGRESS Stack',
    'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS Stack',
    'UPDATE_ROLLBACK_COMPLETE Stack',
  ]);
});

describe('an Update with a new physical id that is rolled back', () => {
  const template = (v: number, attributes = {}) => ({
    Resources: { A: custom({ v }, attributes), Later: topic({ DisplayName: `v${v}` }, { DependsOn: 'A' }) },
  });
  const backupPerVersion = ({ RequestType, ResourceProperties }: any) =>
    RequestType === 'Delete' ? {} : { PhysicalResourceId: `backup-${ResourceProperties.v}` };

  test('goes back to the old id, and the new one is deleted in the cleanup', async () => {
    const world = testWorld();
    world.provider = backupPerVersion;
    await world.deploy(template(1));
    world.cloudFormation.failures.fail({ target: 'Later', on: 'update' });
    const { status, events } = await world.deploy(template(2));
    expect(status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(world.requests()).toEqual([
      'Create A',
      'Update A backup-1',
      'Update A backup-2',
      'Delete A backup-2',
    ]);
    expect(world.cloudFormation.stack('Stack').resources.A.physicalId).toBe('backup-1');
    expect(told(events)).toEqual(expect.arrayContaining(['DELETE_COMPLETE A']));
  });

  test.each([
    [true, 'DELETE_SKIPPED A'],
    [false, 'DELETE_COMPLETE A'],
  ])('UpdateReplacePolicy Retain spares the new id: %s', async (spares, event) => {
    const world = testWorld({ updateReplacePolicySparesNewId: spares });
    world.provider = backupPerVersion;
    await world.deploy(template(1, { UpdateReplacePolicy: 'Retain' }));
    world.cloudFormation.failures.fail({ target: 'Later', on: 'update' });
    const { events } = await world.deploy(template(2, { UpdateReplacePolicy: 'Retain' }));
    expect(told(events)).toContain(event);
  });
});

describe('when another resource fails first', () => {
  test('a Create that runs is cancelled, and its Delete comes with an invented id meanwhile', async () => {
    const world = testWorld();
    let finished = 0;
    world.provider = async ({ RequestType }) => {
      if (RequestType === 'Create') {
        await world.clock.sleep(10 * MINUTE).then(() => (finished = world.clock.now()));
      }
      return { PhysicalResourceId: 'too-late' };
    };
    world.cloudFormation.failures.fail({
      target: 'AWS::SNS::Topic',
      on: 'create',
      after: MINUTE,
      reason: 'quota',
    });
    const outcome = await world.deploy({ Resources: { A: custom(), B: topic() } });
    const cancelled = outcome.events.find(
      ({ status, logicalId }) => status === 'CREATE_FAILED' && logicalId === 'A',
    );
    expect(cancelled).toMatchObject({ reason: 'Resource creation cancelled' });
    expect(outcome).toMatchObject({ status: 'ROLLBACK_COMPLETE', reason: 'quota' });
    expect(world.requests()[1]).toMatch(/^Delete A Stack-A-[0-9A-Z]{13}$/);
    const { at } = world.journal.of('request')[1];
    await world.clock.run(world.clock.sleep(20 * MINUTE));
    expect(at).toBeLessThan(finished);
    expect(world.journal.of('response').map(({ effect, why }) => [effect, why])).toEqual([
      ['accepted', undefined],
      ['ignored', 'the request was cancelled'],
    ]);
  });

  test('an Update that runs is cancelled and gets an Update with the old properties', async () => {
    const world = testWorld();
    world.provider = async ({ RequestType, ResourceProperties }) => {
      if (RequestType === 'Update' && ResourceProperties.v === '2') await world.clock.sleep(10 * MINUTE);
      return {};
    };
    const template = (v: number) => ({ Resources: { A: custom({ v }), B: topic({ DisplayName: `v${v}` }) } });
    await world.deploy(template(1));
    world.cloudFormation.failures.fail({ target: 'B', on: 'update', after: MINUTE });
    const outcome = await world.deploy(template(2));
    expect(
      outcome.events.find(({ status, logicalId }) => status === 'UPDATE_FAILED' && logicalId === 'A'),
    ).toMatchObject({ reason: 'Resource update cancelled' });
    expect(world.requests()).toEqual(['Create A', 'Update A a-1', 'Update A a-1']);
    expect(world.journal.of('request')[2].event).toMatchObject({
      ResourceProperties: { v: '1' },
      OldResourceProperties: { v: '2' },
    });
  });
});

test('a changed ServiceToken fails the update', async () => {
  const world = testWorld();
  await world.deploy({ Resources: { A: custom() } });
  const outcome = await world.deploy({
    Resources: { A: custom({ ServiceToken: TOKEN.replace('function:', 'function:another-') }) },
  });
  expect(outcome).toMatchObject({
    status: 'UPDATE_ROLLBACK_COMPLETE',
    reason: 'Modifying service token is not allowed.',
  });
});

test('a ServiceToken that is no function fails the resource', async () => {
  const world = testWorld();
  const outcome = await world.deploy({ Resources: { A: custom({ ServiceToken: `${TOKEN}-gone` }) } });
  expect(outcome).toMatchObject({
    status: 'ROLLBACK_COMPLETE',
    reason: expect.stringContaining('Function not found'),
  });
});

describe('the URL for the answer', () => {
  const put = async (init: RequestInit, change = (url: string) => url) => {
    const world = testWorld();
    const response = new Promise<Response>((resolve) => {
      world.provider = (event, nth) => {
        if (nth === 1) {
          resolve(
            fetch(change(event.ResponseURL), {
              method: 'PUT',
              body: '{}',
              headers: { 'Content-Type': '' },
              ...init,
            }),
          );
        }
        return undefined;
      };
    });
    void world.deploy({ Resources: { A: custom({ ServiceTimeout: 1 }) } });
    return response;
  };

  test('is signed without a content type', async () => {
    const response = await put({ headers: { 'Content-Type': 'application/json' } });
    expect(response.status).toBe(403);
    await expect(response.text()).resolves.toContain('<Code>SignatureDoesNotMatch</Code>');
  });

  test('is signed for PUT', async () => expect((await put({ method: 'POST' })).status).toBe(403));

  test('is signed', async () => {
    expect((await put({}, (url) => url.replace(/X-Amz-Signature=\w+/, 'X-Amz-Signature=0'))).status).toBe(
      403,
    );
  });

  test('takes no body of unknown length', async () => {
    const body = new ReadableStream({
      start: (controller) => {
        controller.enqueue(Buffer.from('{}'));
        controller.close();
      },
    });
    expect((await put({ body, duplex: 'half' } as RequestInit)).status).toBe(501);
  });

  test('expires', async () => {
    const world = testWorld();
    await world.deploy({ Resources: { A: custom() } });
    const { event } = world.journal.of('request')[0];
    await world.clock.run(world.clock.sleep(2 * 60 * MINUTE));
    expect((await world.put(event, {})).status).toBe(200);
    await world.clock.run(world.clock.sleep(1));
    expect((await world.put(event, {})).status).toBe(403);
  });

  test('takes whatever is put there', async () => expect((await put({ body: 'no JSON' })).status).toBe(200));
});

describe('a fault of the answer', () => {
  test.each([
    ['throttle', 503],
    ['server-error', 500],
  ] as const)('%s', async (kind, status) => {
    const world = testWorld();
    world.faults.add('response:PUT', 1, { kind });
    const statuses: number[] = [];
    world.provider = async (event) => {
      statuses.push((await world.put(event, {})).status);
      return {};
    };
    await world.deploy({ Resources: { A: custom() } });
    expect(statuses).toEqual([status]);
  });

  test('reset: nothing is done; lost-response: it has been done', async () => {
    for (const [kind, effects] of [
      ['reset', ['refused', 'accepted']],
      ['lost-response', ['accepted', 'ignored']],
    ] as const) {
      const world = testWorld();
      world.faults.add('response:PUT', 1, { kind });
      world.provider = async (event) => {
        await expect(world.put(event, {})).rejects.toThrow('fetch failed');
        return {};
      };
      await world.deploy({ Resources: { A: custom() } });
      await world.clock.run(world.clock.sleep(MINUTE));
      expect(world.journal.of('response').map(({ effect }) => effect)).toEqual(effects);
    }
  });

  test('hang: the listener is told, and the sender has to give up', async () => {
    const world = testWorld();
    world.faults.add('response:PUT', 1, { kind: 'hang' });
    const giveUp = new AbortController();
    world.cloudFormation.onHang = () => giveUp.abort();
    world.provider = async (event) => {
      const release = world.clock.hold();
      await expect(
        fetch(event.ResponseURL, { method: 'PUT', body: '{}', signal: giveUp.signal }),
      ).rejects.toThrow('aborted');
      release();
      return {};
    };
    await expect(world.deploy({ Resources: { A: custom() } })).resolves.toMatchObject({
      status: 'CREATE_COMPLETE',
    });
  });
});
