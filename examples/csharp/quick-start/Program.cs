using Amazon.CDK;
using Amazon.CDK.AWS.EC2;
using Amazon.CDK.AWS.FSx;
using CdkFsxBackup;

namespace QuickStart
{
    public static class Program
    {
        public static void Main()
        {
            var app = new App();
            var stack = new Stack(app, "QuickStart");

            var vpc = new Vpc(stack, "Vpc", new VpcProps { MaxAzs = 1, NatGateways = 0 });
            var fileSystem = new LustreFileSystem(stack, "FileSystem", new LustreFileSystemProps
            {
                Vpc = vpc,
                VpcSubnet = vpc.IsolatedSubnets[0],
                StorageCapacityGiB = 1200,
                LustreConfiguration = new LustreConfiguration
                {
                    DeploymentType = LustreDeploymentType.PERSISTENT_2,
                    PerUnitStorageThroughput = 125,
                },
            });

            var backup = new FsxBackup(stack, "Backup", new FsxBackupProps
            {
                Source = BackupSource.Of(fileSystem),
            });

            new CfnOutput(stack, "BackupId", new CfnOutputProps { Value = backup.BackupId });

            app.Synth();
        }
    }
}
