import { arn, urlSuffix, type World } from '../world';
import type { NativeType, ResourceRequest } from './provider';

interface Inert {
  /** the physical id; default: a name of CloudFormation's making */
  id?: (request: ResourceRequest) => string;
  attributes?: Record<string, (id: string, request: ResourceRequest) => unknown>;
  replacedBy?: NativeType['replacedBy'];
}

/**
 * Types that only have an id and attributes: they take their time, and nothing else in the sandbox notices
 * them.
 */
export function inertTypes(world: World): Record<string, NativeType> {
  return Object.fromEntries(
    Object.entries(table(world)).map(([type, { id, attributes = {}, replacedBy }]) => {
      const attributesOf = (physicalId: string, request: ResourceRequest) => {
        return Object.fromEntries(
          Object.entries(attributes).map(([name, value]) => [name, value(physicalId, request)]),
        );
      };
      return [
        type,
        {
          attributes: Object.keys(attributes),
          replacedBy,
          create: (request) => {
            const physicalId =
              id?.(request) ?? world.identities.physicalId(request.stack.name, request.logicalId);
            return { physicalId, attributes: attributesOf(physicalId, request) };
          },
        } satisfies NativeType,
      ];
    }),
  );
}

function table(world: World): Record<string, Inert> {
  const hexId = (prefix: string) => () => `${prefix}-${world.identities.hex(17)}`;
  const itself = (id: string) => id;
  const property = (name: string) => (_: string, request: ResourceRequest) => request.properties[name];
  const nameFor = ({ stack, logicalId }: ResourceRequest) =>
    world.identities.physicalId(stack.name, logicalId);
  const named =
    (value: (name: string) => string) =>
    (_: string, { properties }: ResourceRequest) =>
      value(properties.RepositoryName);
  const connection = (service: string): Inert => ({
    id: () => arn(world, service, `connection/${world.identities.uuid()}`),
    attributes: { ConnectionArn: itself, ConnectionStatus: () => 'AVAILABLE' },
    replacedBy: ['ConnectionName', 'HostArn', 'ProviderType'],
  });
  return {
    'AWS::CDK::Metadata': {},
    'AWS::DirectoryService::MicrosoftAD': { id: () => `d-${world.identities.hex(10)}` },
    'AWS::EC2::VPC': {
      id: hexId('vpc'),
      attributes: {
        VpcId: itself,
        CidrBlock: property('CidrBlock'),
        CidrBlockAssociations: () => [],
        Ipv6CidrBlocks: () => [],
        DefaultNetworkAcl: (id) => id.replace('vpc', 'acl'),
        DefaultSecurityGroup: (id) => id.replace('vpc', 'sg'),
      },
      replacedBy: ['CidrBlock'],
    },
    'AWS::EC2::Subnet': {
      id: hexId('subnet'),
      attributes: {
        SubnetId: itself,
        VpcId: property('VpcId'),
        CidrBlock: property('CidrBlock'),
        AvailabilityZone: property('AvailabilityZone'),
        Ipv6CidrBlocks: () => [],
      },
      replacedBy: ['VpcId', 'CidrBlock', 'AvailabilityZone'],
    },
    'AWS::EC2::RouteTable': { id: hexId('rtb'), attributes: { RouteTableId: itself }, replacedBy: ['VpcId'] },
    'AWS::EC2::Route': {
      attributes: { CidrBlock: property('DestinationCidrBlock') },
      replacedBy: ['RouteTableId', 'DestinationCidrBlock'],
    },
    'AWS::EC2::SubnetRouteTableAssociation': {
      id: hexId('rtbassoc'),
      attributes: { Id: itself },
      replacedBy: ['SubnetId'],
    },
    'AWS::EC2::InternetGateway': { id: hexId('igw'), attributes: { InternetGatewayId: itself } },
    'AWS::EC2::VPCGatewayAttachment': { attributes: { AttachmentType: () => 'IGW' }, replacedBy: ['VpcId'] },
    'AWS::EC2::NatGateway': {
      id: hexId('nat'),
      attributes: { NatGatewayId: itself },
      replacedBy: ['SubnetId', 'AllocationId'],
    },
    'AWS::EC2::EIP': {
      id: () => `203.0.113.${parseInt(world.identities.hex(2), 16)}`,
      attributes: { PublicIp: itself, AllocationId: () => `eipalloc-${world.identities.hex(17)}` },
    },
    'AWS::EC2::SecurityGroup': {
      id: hexId('sg'),
      attributes: { GroupId: itself, Id: itself, VpcId: property('VpcId') },
      replacedBy: ['GroupDescription', 'GroupName', 'VpcId'],
    },
    'AWS::EC2::SecurityGroupIngress': { id: hexId('sgr'), attributes: { Id: itself }, replacedBy: 'any' },
    'AWS::EC2::SecurityGroupEgress': { id: hexId('sgr'), attributes: { Id: itself }, replacedBy: 'any' },
    'AWS::EC2::VPCEndpoint': {
      id: hexId('vpce'),
      attributes: { Id: itself, DnsEntries: () => [], NetworkInterfaceIds: () => [] },
      replacedBy: ['VpcId', 'ServiceName', 'VpcEndpointType'],
    },
    'AWS::KMS::ReplicaKey': {
      id: () => world.identities.uuid(),
      attributes: { KeyId: itself, Arn: (id) => arn(world, 'kms', `key/${id}`) },
      replacedBy: ['PrimaryKeyArn'],
    },
    'AWS::S3::Bucket': {
      id: (request) =>
        request.properties.BucketName ??
        world.identities.physicalId(request.stack.name, request.logicalId, 63).toLowerCase(),
      attributes: {
        Arn: (id) => `arn:${world.partition}:s3:::${id}`,
        DomainName: (id) => `${id}.s3.${urlSuffix(world.partition)}`,
        RegionalDomainName: (id) => `${id}.s3.${world.region}.${urlSuffix(world.partition)}`,
      },
      replacedBy: ['BucketName'],
    },
    'AWS::S3::BucketPolicy': { id: ({ properties }) => properties.Bucket, replacedBy: ['Bucket'] },
    'AWS::CloudWatch::Alarm': {
      id: (request) => request.properties.AlarmName ?? nameFor(request),
      attributes: { Arn: (id) => arn(world, 'cloudwatch', `alarm:${id}`) },
      replacedBy: ['AlarmName'],
    },
    'AWS::CodeBuild::Project': {
      id: (request) => request.properties.Name ?? nameFor(request),
      attributes: { Arn: (id) => arn(world, 'codebuild', `project/${id}`) },
      replacedBy: ['Name'],
    },
    'AWS::CodeCommit::Repository': {
      id: () => world.identities.uuid(),
      attributes: { Arn: named((name) => arn(world, 'codecommit', name)), Name: named((name) => name) },
    },
    'AWS::CodeStarConnections::Connection': connection('codestar-connections'),
    'AWS::CodeConnections::Connection': connection('codeconnections'),
    'AWS::Events::Rule': {
      id: (request) => request.properties.Name ?? nameFor(request),
      attributes: { Arn: (id) => arn(world, 'events', `rule/${id}`) },
      replacedBy: ['Name', 'EventBusName'],
    },
    'AWS::ECS::Cluster': {
      attributes: { Arn: (id) => arn(world, 'ecs', `cluster/${id}`) },
      replacedBy: ['ClusterName'],
    },
    'AWS::ECS::TaskDefinition': {
      id: ({ properties, ...request }) => {
        const family = properties.Family ?? nameFor({ properties, ...request });
        return arn(world, 'ecs', `task-definition/${family}:${parseInt(world.identities.hex(3), 16)}`);
      },
      attributes: { TaskDefinitionArn: itself },
      replacedBy: 'any',
    },
    'AWS::ECS::Service': {
      id: (request) => arn(world, 'ecs', `service/${request.properties.ServiceName ?? nameFor(request)}`),
      attributes: { ServiceArn: itself, Name: (id) => id.slice(id.indexOf('/') + 1) },
      replacedBy: ['ServiceName', 'Cluster', 'LaunchType'],
    },
    'AWS::Lambda::Permission': { attributes: { Id: itself }, replacedBy: 'any' },
    'AWS::Lambda::Version': {
      id: ({ properties }) => {
        const version = parseInt(world.identities.hex(3), 16);
        return `${arn(world, 'lambda', `function:${functionName(properties)}`)}:${version}`;
      },
      attributes: { FunctionArn: itself, Version: (id) => id.slice(id.lastIndexOf(':') + 1) },
      replacedBy: ['FunctionName', 'Description', 'CodeSha256'],
    },
    'AWS::Lambda::Alias': {
      id: ({ properties }) =>
        `${arn(world, 'lambda', `function:${functionName(properties)}`)}:${properties.Name}`,
      attributes: { AliasArn: itself },
      replacedBy: ['FunctionName', 'Name'],
    },
    'AWS::SNS::Topic': {
      id: (request) => arn(world, 'sns', request.properties.TopicName ?? nameFor(request)),
      attributes: { TopicArn: itself, TopicName: (id) => id.slice(id.lastIndexOf(':') + 1) },
      replacedBy: ['TopicName', 'FifoTopic'],
    },
    'AWS::SNS::TopicPolicy': { attributes: { Id: itself } },
    'AWS::SNS::Subscription': {
      attributes: { Arn: itself },
      replacedBy: ['TopicArn', 'Protocol', 'Endpoint'],
    },
    'AWS::SQS::Queue': {
      id: (request) => {
        const name = request.properties.QueueName ?? nameFor(request);
        return `https://sqs.${world.region}.${urlSuffix(world.partition)}/${world.accountId}/${name}`;
      },
      attributes: {
        Arn: (id) => arn(world, 'sqs', id.slice(id.lastIndexOf('/') + 1)),
        QueueName: (id) => id.slice(id.lastIndexOf('/') + 1),
        QueueUrl: itself,
      },
      replacedBy: ['QueueName', 'FifoQueue'],
    },
    'AWS::SQS::QueuePolicy': { attributes: { Id: itself } },
  };
}

/** A function is referred to by its name or its ARN. */
function functionName({ FunctionName }: any): string {
  return FunctionName.slice(FunctionName.lastIndexOf(':') + 1);
}
