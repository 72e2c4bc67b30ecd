/*
 * Values that must not stand in the properties of a custom resource, which its function gets, and may log.
 * test/secrets.test.ts compares this list with all attributes that AWS documents.
 */

/** Attributes that give what code of somebody's gives: anything, and it may change without its resource. */
const GIVEN =
  /^(Custom::.*|AWS::CloudFormation::(CustomResource|Wait.*)|AWS::ServiceCatalog::.*ProvisionedProduct)$/;

/**
 * What is referred to by a presigned URL.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-waitconditionhandle.html
 */
const PRESIGNED = /^AWS::CloudFormation::Wait.*Handle$/;

/** Attributes that are a secret of their resource, for as long as it is not replaced. */
const SECRETS = [
  'AWS::AppSync::ApiKey.ApiKey',
  'AWS::Cognito::UserPoolClient.ClientSecret',
  'AWS::EC2::IpamExternalResourceVerificationToken.TokenValue',
  'AWS::IAM::AccessKey.SecretAccessKey',
  'AWS::IVS::IngestConfiguration.StreamKey',
  'AWS::IVS::StreamKey.Value',
  'AWS::ManagedBlockchain::Accessor.BillingToken',
  'AWS::Route53GlobalResolver::AccessToken.Value',
];

/** Names of attributes that are secrets where they are ever documented. */
const SECRET_NAME = /(Secret|Password|Passphrase|Token|PrivateKey|ApiKey|AccessKey|Credentials)$/i;

/** Whether the value of an attribute may change although nothing of its resource is to be seen. */
export function isGiven(resourceType: string, attribute: string): boolean {
  return attribute !== 'Ref' && GIVEN.test(resourceType);
}

/**
 * Whether an attribute of a resource must not be copied.
 *
 * @param attribute its name, or `Ref`
 */
export function isHidden(resourceType: string, attribute: string): boolean {
  if (attribute === 'Ref') return PRESIGNED.test(resourceType);
  return (
    GIVEN.test(resourceType) ||
    SECRETS.includes(`${resourceType}.${attribute}`) ||
    SECRET_NAME.test(attribute)
  );
}
