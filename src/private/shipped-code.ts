import { AssetStaging, FileAssetPackaging, Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';

/**
 * A function's code that this package brings, in a directory of its own.
 *
 * `Code.fromAsset` comes to the same. But it imports the asset's bucket, too, for which CDK loads all that it
 * knows of each Region: that takes longer than all the rest of a stack with a backup.
 */
export class ShippedCode extends lambda.Code {
  public readonly isInline = false;

  constructor(private readonly directory: string) {
    super();
  }

  public bind(scope: Construct): lambda.CodeConfig {
    const stack = Stack.of(scope);
    const staging = new AssetStaging(scope, 'Code', { sourcePath: this.directory });
    const { bucketName, objectKey } = stack.synthesizer.addFileAsset({
      packaging: FileAssetPackaging.ZIP_DIRECTORY,
      sourceHash: staging.assetHash,
      fileName: staging.relativeStagedPath(stack),
    });
    return { s3Location: { bucketName, objectKey } };
  }
}
