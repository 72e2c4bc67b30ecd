package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsfsx"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdk-fsx-backup/cdk-fsx-backup-go/cdkfsxbackup"
)

func main() {
	defer jsii.Close()

	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("QuickStart"), nil)

	vpc := awsec2.NewVpc(stack, jsii.String("Vpc"), &awsec2.VpcProps{MaxAzs: jsii.Number(1), NatGateways: jsii.Number(0)})
	fileSystem := awsfsx.NewLustreFileSystem(stack, jsii.String("FileSystem"), &awsfsx.LustreFileSystemProps{
		Vpc:                vpc,
		VpcSubnet:          (*vpc.IsolatedSubnets())[0],
		StorageCapacityGiB: jsii.Number(1200),
		LustreConfiguration: &awsfsx.LustreConfiguration{
			DeploymentType:           awsfsx.LustreDeploymentType_PERSISTENT_2,
			PerUnitStorageThroughput: jsii.Number(125),
		},
	})

	backup := cdkfsxbackup.NewFsxBackup(stack, jsii.String("Backup"), &cdkfsxbackup.FsxBackupProps{
		Source: cdkfsxbackup.BackupSource_Of(fileSystem),
	})

	awscdk.NewCfnOutput(stack, jsii.String("BackupId"), &awscdk.CfnOutputProps{Value: backup.BackupId()})

	app.Synth(nil)
}
